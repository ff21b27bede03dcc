-- graph_card: what a node says of itself in a picture: its icon, its name, what it is about, and a
-- chip for each option. A box is {w, h, axis, port, draw}: the main line passes through it at axis,
-- from top to bottom; what is caught leaves it at port {x, y}; draw(pen, x, y) puts it there.
local _, use = ...
local measure = use "graph_measure"
local node = use "graph_node"

local card = {}

local NAME, ABOUT, CHIP = 13, 11, 10 -- sizes of text
local NAME_H, ABOUT_H, CHIP_H, ROW_H = 17, 15, 18, 22
local PAD, ICON, GAP = 10, 26, 10
local ROOM_MIN, ROOM_MAX, ABOUT_ROOM = 64, 216, 184
local POINT = 12 -- how far a choice's sides stand out

local CHIP_ICONS = { flow = "call", delay = "wait" }

-- The chips of a node in rows of at most room: {y, chips}, each chip {x, w, text, width, icon}.
local function chips_of(it, room)
    local rows, x = {}, room + 1
    for _, option in ipairs(node.options(it)) do
        local line = measure.wrap(option.text, room - 26, CHIP, false, 1)[1] or ""
        local width = measure.width(line, CHIP)
        local chip = { w = width + 25, text = line, width = width,
                       icon = CHIP_ICONS[option.option] or option.option }
        if x > 0 and x + chip.w > room then
            rows[#rows + 1] = { w = 0 }
            x = 0
        end
        chip.x = x
        local row = rows[#rows]
        row[#row + 1] = chip
        row.w = x + chip.w
        x = row.w + 5
    end
    return rows
end

local function draw_chips(pen, row, x, y)
    for _, chip in ipairs(row) do
        pen:rect("chip", x + chip.x, y, chip.w, CHIP_H, 5)
        pen:icon("qi", chip.icon, x + chip.x + 5, y + 4, ".65")
        pen:words("q", x + chip.x + 19, y + 13, chip.text, chip.width)
    end
end

local function widest(lines, size, bold)
    local width = 0
    for _, line in ipairs(lines) do
        width = math.max(width, measure.width(line, size, bold))
    end
    return width
end

local function clamp(value, least, most)
    return math.max(least, math.min(most, value))
end

-- The widths in a name's line: {w, last, beside, chips}; w: of all, chips: where those begin, when
-- they stand there too.
local function name_line(names, beside, rows, room)
    local line = { last = measure.width(names[#names], NAME, true),
                   w = widest(names, NAME, true) }
    if not beside then
        return line
    end
    line.beside = measure.width(beside, ABOUT)
    local after = line.last + line.beside + 20
    line.w = math.max(line.w, after - 12)
    if #rows == 1 and after + rows[1].w <= room then
        line.chips = after
        line.w = math.max(line.w, after + rows[1].w)
    end
    return line
end

-- The words of a node in a column of its own width, at most room: {w, h, ...} for draw_block.
-- beside is a word after the name, for containers, whose chips stand in that line if they fit.
local function block_of(it, room, beside)
    local block = { names = measure.wrap(it.name ~= "" and it.name or it.kind, room, NAME, true, 2),
                    rows = chips_of(it, room), abouts = {}, beside = beside }
    block.line = name_line(block.names, beside, block.rows, room)
    local w = block.line.w
    for _, row in ipairs(block.line.chips and {} or block.rows) do
        w = math.max(w, row.w)
    end
    if it.about then
        w = math.max(w, math.min(measure.width(it.about, ABOUT), ABOUT_ROOM))
        w = clamp(w, ROOM_MIN, room)
        block.abouts = measure.wrap(it.about, beside and room or w, ABOUT, false, 3)
    end
    block.w = clamp(math.max(w, widest(block.abouts, ABOUT)), ROOM_MIN, room)
    block.about_y = #block.names * NAME_H
    block.h = block.about_y + #block.abouts * ABOUT_H + (it.about and 2 or 0)
    block.chips_y = block.h + 4
    block.h = block.h + (block.line.chips and 0 or #block.rows * ROW_H)
    return block
end

local function draw_block(pen, block, x, y)
    local line = block.line
    for i, name in ipairs(block.names) do
        pen:words("t", x, y + i * NAME_H - 4, name, measure.width(name, NAME, true), block.w)
    end
    if block.beside then
        pen:words("s", x + line.last + 8, y + block.about_y - 4, block.beside, line.beside)
    end
    for i, about in ipairs(block.abouts) do
        pen:words("s", x, y + block.about_y + i * ABOUT_H - 2, about, measure.width(about, ABOUT),
                  block.w)
    end
    for i, row in ipairs(block.rows) do
        if line.chips then
            draw_chips(pen, row, x + line.chips, y + block.about_y - NAME_H)
        else
            draw_chips(pen, row, x, y + block.chips_y + (i - 1) * ROW_H)
        end
    end
end

-- What an element is called by those who cannot see it, and by those who point at it.
local function title_of(it)
    local words = { it.kind, it.name }
    if it.line and it.line > 0 then
        words[#words + 1] = ("(line %d)"):format(it.line)
    end
    return table.concat(words, " ") .. (it.about and ": " .. it.about or "")
end

-- One element a node; its id is the node's path.
function card.group(pen, it, draw)
    pen:put('<g id="%s" class="k-%s">', pen.escape(it.id), it.kind)
    pen:put("<title>%s</title>", pen.escape(title_of(it)))
    draw()
    pen:put("</g>\n")
end

-- --- the outlines of the leaves and of a choice's head -------------------------------------------

local OUTLINES = {}

function OUTLINES.task(pen, x, y, w, h)
    pen:rect("card", x, y, w, h, 8)
end

function OUTLINES.wait(pen, x, y, w, h)
    pen:rect("card", x, y, w, h, math.min(h // 2, 24))
end

function OUTLINES.call(pen, x, y, w, h)
    pen:rect("card", x, y, w, h, 3)
    pen:path("card", "M%d %dv%dM%d %dv%d", x + 5, y, h, x + w - 5, y, h)
end

function OUTLINES.choice(pen, x, y, w, h)
    pen:path("card", "M%d %dl%d-%dH%dl%d %d-%d %dH%dz", x, y + h // 2, POINT, h // 2,
             x + w - POINT, POINT, h // 2, POINT, h - h // 2, x + POINT)
end

local ASIDE = { choice = POINT, wait = 4, call = 6 } -- room at the sides for the outline

function card.box(it)
    local block = block_of(it, ROOM_MAX)
    local aside = ASIDE[it.kind] or 0
    local w = 2 * aside + PAD + ICON + GAP + block.w + PAD + 2
    local h = math.max(ICON, block.h) + 2 * PAD
    if it.kind == "choice" then
        h = h + h % 2
    end
    local outline = OUTLINES[it.kind] or OUTLINES.task
    return { w = w, h = h, axis = w // 2, port = { x = w, y = h // 2 }, draw = function(pen, x, y)
        card.group(pen, it, function()
            outline(pen, x, y, w, h)
            local icon_y = block.h > ICON and y + PAD or y + (h - ICON) // 2
            pen:rect("i", x + aside + PAD, icon_y, ICON, ICON, it.kind == "wait" and 13 or 6)
            pen:icon("ti", it.kind, x + aside + PAD + 5, icon_y + 5)
            draw_block(pen, block, x + aside + PAD + ICON + GAP, y + (h - block.h) // 2)
        end)
    end }
end

-- The head of a container: {w, h, draw}, as wide as it needs to be and at most room (or its own
-- least).
function card.head(it, beside, room)
    local block = block_of(it, math.max(room - ICON - GAP, ROOM_MAX), beside)
    return { w = ICON + GAP + block.w, h = math.max(ICON, block.h), draw = function(pen, x, y)
        pen:rect("i", x, y, ICON, ICON, 6)
        pen:icon("ti", it.kind, x + 5, y + 5)
        draw_block(pen, block, x + ICON + GAP, y + math.max(0, (ICON - block.h) // 2))
    end }
end

-- A clause's label: a branch's, or the error codes that a handler takes.
function card.pill(it)
    local line = measure.wrap(node.label(it), 180, ABOUT, true, 1)[1] or ""
    local width = measure.width(line, ABOUT, true)
    local icon = it.kind == "on" and 14 or 0
    local w, h = width + icon + 20, 22
    return { w = w, h = h, axis = w // 2, draw = function(pen, x, y)
        card.group(pen, it, function()
            pen:rect("pill", x, y, w, h, 11)
            if icon > 0 then
                pen:icon("ci", "on", x + 8, y + 5, ".75")
            end
            pen:words("s b", x + 10 + icon, y + 15, line, width, width)
        end)
    end }
end

return card
