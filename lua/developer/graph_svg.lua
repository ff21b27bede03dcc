-- graph_svg: a flow as one SVG 1.1 document that needs nothing else: no font, no script, no file.
-- Light or dark as its reader prefers. The element of a step has the step's path as its id.
local _, use = ...
local layout = use "graph_layout"
local measure = use "graph_measure"
local node = use "graph_node"
local pens = use "graph_pen"
local style = use "graph_style"

local svg = {}

local MARGIN = 28

-- The flow's own words on top of the picture: {w, h, draw}.
local function header_of(it, room)
    room = math.max(300, math.min(room, 720))
    local names = measure.wrap(it.name, room, 20, true, 2)
    local abouts = it.about and measure.wrap(it.about, room, 13, false, 4) or {}
    local words = table.concat(node.words(it), " · ")
    if words ~= "" then
        abouts[#abouts + 1] = words
    end
    local w = 0
    for _, line in ipairs(names) do
        w = math.max(w, measure.width(line, 20, true))
    end
    for _, line in ipairs(abouts) do
        w = math.max(w, measure.width(line, 13))
    end
    return { w = w, h = #names * 26 + #abouts * 18 + 16, draw = function(pen, x, y)
        for i, line in ipairs(names) do
            pen:words("h", x, y + i * 26 - 7, line, measure.width(line, 20, true), room)
        end
        for i, line in ipairs(abouts) do
            pen:words("s l", x, y + #names * 26 + i * 18 - 4, line, measure.width(line, 13), room)
        end
    end }
end

local function description(it)
    local count = node.count(it)
    return ("%sA flow of %d step%s."):format(it.about and it.about .. " " or "", count,
           count == 1 and "" or "s")
end

function svg.render(tree)
    local body = layout.flow(tree)
    local header = header_of(tree, body.w)
    local w = math.max(body.w, header.w) + 2 * MARGIN
    local h = header.h + body.h + 2 * MARGIN
    local pen = pens.new()
    pen:put('<svg xmlns="http://www.w3.org/2000/svg" class="mm" width="%d" height="%d" '
            .. 'viewBox="0 0 %d %d" role="img" aria-labelledby="mm-title mm-desc">\n', w, h, w, h)
    pen:put('<title id="mm-title">%s</title>\n', pen.escape("flow " .. tree.name))
    pen:put('<desc id="mm-desc">%s</desc>\n', pen.escape(description(tree)))
    pen:put("<style>\n%s\n</style>\n<defs>", style.sheet())
    style.icons(pen)
    pen:put("</defs>\n")
    pen:rect("bg", 0, 0, w, h, 0)
    header.draw(pen, MARGIN, MARGIN)
    body.draw(pen, (w - body.w) // 2, MARGIN + header.h)
    pen:put("</svg>\n")
    return pen:text_of()
end

return svg
