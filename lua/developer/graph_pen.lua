-- graph_pen: writes the pieces of an SVG picture; whole numbers only, so that the same flow is the
-- same bytes everywhere. Colours and fonts are the classes' (graph_style).
local _, use = ...
local measure = use "graph_measure"

local pen = {}
pen.__index = pen

local ROOM_TIGHT = 120 -- in smaller rooms the margins hold what is drawn a little wider

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
                  ["'"] = "&#39;" }

function pen.escape(text)
    return (text:gsub("[&<>\"']", ESCAPES))
end

function pen.new()
    return setmetatable({ pieces = {} }, pen)
end

function pen:put(format, ...)
    self.pieces[#self.pieces + 1] = format:format(...)
end

function pen:text_of()
    return table.concat(self.pieces)
end

function pen:rect(class, x, y, w, h, radius)
    self:put('<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="%d"/>', class, x, y, w, h,
             radius)
end

function pen:path(class, format, ...)
    self:put('<path class="%s" d="%s"/>', class, format:format(...))
end

-- An icon of 16 by 16, or in that part of it (a text such as ".65").
function pen:icon(class, name, x, y, scale)
    self:put('<use class="%s" href="#mm-%s" transform="translate(%d %d)%s"/>', class, name, x, y,
             scale and "scale(" .. scale .. ")" or "")
end

-- One line of text, its baseline at y. What a font might draw wider than it was measured is held
-- to its measure where the room ends soon after it, so that it cannot leave its box.
function pen:words(class, x, y, line, width, room)
    local held = ""
    if not measure.is_plain(line) or room and room > ROOM_TIGHT and width * 100 > room * 85 then
        held = (' textLength="%d" lengthAdjust="spacingAndGlyphs"'):format(width)
    end
    if measure.is_leftward(line) then
        held = held .. ' direction="rtl" text-anchor="end"' -- its end is its left edge
    end
    self:put('<text class="%s" x="%d" y="%d"%s>%s</text>', class, x, y, held, pen.escape(line))
end

-- Lines of an edge: class is e, or c for what is caught.
function pen:line(class, x, y1, y2)
    self:path(class, "M%d %dV%d", x, y1, y2)
end

function pen:head(class, x, y)
    self:path(class .. "h", "M%d %dl-4-7h8z", x, y)
end

function pen:arrow(class, x, y1, y2)
    self:line(class, x, y1, y2 - 6)
    self:head(class, x, y2)
end

-- From (x1, y1) down to the height of y, along it, and down to (x2, y2), with round corners.
function pen:bend(class, x1, y1, y, x2, y2)
    local across = math.abs(x2 - x1)
    if across < 2 then
        return self:line(class, x1, y1, y2)
    end
    local r = math.min(10, across // 2, y - y1, y2 - y)
    local turn = x2 > x1 and r or -r
    self:path(class, "M%d %dV%dq0 %d %d %dH%dq%d 0 %d %dV%d", x1, y1, y - r, r, turn, r,
              x2 - turn, turn, turn, r, y2)
end

return pen
