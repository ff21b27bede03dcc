-- graph_layout: where everything stands in a picture, from the top down. Each node becomes a box
-- (graph_card); a box knows its size before it is drawn, and holds the boxes of what is in it.
local _, use = ...
local card = use "graph_card"
local measure = use "graph_measure"

local layout = {}

local STEP_GAP = 26  -- between two steps, room for an arrow
local LANE_GAP = 26  -- between two branches
local FORK_H = 40    -- from a choice's head to its branches
local MERGE_H = 30
local SIDE = 18      -- from a container's edge to what is in it
local CATCH_GAP = 40 -- from a step to its handlers

local box_of

-- Boxes one under the other on one axis, with arrows between. An open box ends in a line.
local function column(boxes, class)
    local axis, right, h = 0, 0, 0
    for i, box in ipairs(boxes) do
        axis = math.max(axis, box.axis)
        right = math.max(right, box.w - box.axis)
        h = h + box.h + (i > 1 and STEP_GAP or 0)
    end
    local last = boxes[#boxes]
    local whole = { w = axis + right, h = h, axis = axis, open = last and last.open }
    function whole.draw(pen, x, y)
        for i, box in ipairs(boxes) do
            if i > 1 then
                pen:arrow(class or "e", x + axis, y, y + STEP_GAP)
                y = y + STEP_GAP
            end
            box.draw(pen, x + axis - box.axis, y)
            y = y + box.h
        end
    end
    return whole
end

local function boxes_of(nodes, first)
    local boxes = { first }
    for _, it in ipairs(nodes) do
        boxes[#boxes + 1] = box_of(it)
    end
    return boxes
end

-- Boxes side by side: {w, h, at, first, last}: at are their left edges, first and last the axes of
-- the outer ones.
local function lanes(boxes)
    local row = { w = 0, h = 0, at = {} }
    for i, box in ipairs(boxes) do
        row.w = row.w + (i > 1 and LANE_GAP or 0)
        row.at[i] = row.w
        row.w = row.w + box.w
        row.h = math.max(row.h, box.h)
    end
    row.first = boxes[1] and boxes[1].axis or 0
    row.last = #boxes > 0 and row.at[#boxes] + boxes[#boxes].axis or 0
    return row
end

-- --- choice ----------------------------------------------------------------------------------

local function choice(it)
    local head = card.box(it)
    local branches = {}
    for i, branch in ipairs(it.children) do
        branches[i] = column(boxes_of(branch.children, card.pill(branch)))
    end
    local row = lanes(branches)
    local middle = (row.first + row.last) // 2
    local axis = math.max(head.axis, middle)
    local w = math.max(axis - middle + row.w, axis - head.axis + head.w)
    local h = head.h + FORK_H + row.h + MERGE_H
    local port = { x = axis - head.axis + head.w, y = head.port.y }
    return { w = w, h = h, axis = axis, port = port, open = true, draw = function(pen, x, y)
        local line, top, bottom = x + axis, y + head.h, y + h
        local left, lane_y = x + axis - middle, top + FORK_H
        for i, branch in ipairs(branches) do
            local at = left + row.at[i] + branch.axis
            pen:bend("e", line, top, top + FORK_H // 2, at, lane_y)
            pen:bend("e", at, lane_y + branch.h, bottom - MERGE_H // 2, line, bottom)
        end
        for i, branch in ipairs(branches) do
            branch.draw(pen, left + row.at[i], lane_y)
        end
        head.draw(pen, line - head.axis, y)
    end }
end

-- --- containers ------------------------------------------------------------------------------

-- An inner box with a frame and a head around it. room is what is kept beside and under it.
local function container(it, beside, inner, room)
    local head = card.head(it, beside, inner.w + room.right)
    local inner_w = math.max(inner.w + room.right, head.w)
    local left = SIDE + math.max(0, (head.w - inner.w - room.right) // 2)
    local inner_y = 12 + head.h + room.top
    local w, h = inner_w + 2 * SIDE, inner_y + inner.h + room.bottom + 16
    local behind = room.behind or 0
    local box = { w = w + behind, h = h + behind, axis = left + inner.axis }
    box.port = { x = w, y = 12 + 13 }
    function box.draw(pen, x, y)
        card.group(pen, it, function()
            for offset = behind, 1, -4 do
                pen:path("behind", "M%d %dh4v%dh-%dv-4", x + w + offset - 4, y + offset, h, w)
            end
            pen:rect("box", x, y, w, h, 12)
            head.draw(pen, x + SIDE - 4, y + 12)
        end)
        if room.draw then
            room.draw(pen, x + left, y + inner_y)
        elseif inner.open then
            pen:line("e", x + box.axis, y + inner_y + inner.h, y + box.h)
        end
        inner.draw(pen, x + left, y + inner_y)
    end
    return box
end

local function seq(it)
    return container(it, "seq", column(boxes_of(it.children)), { top = 14, right = 0, bottom = 0 })
end

local function map(it)
    local inner = column(boxes_of(it.children))
    return container(it, "for each item", inner, { top = 14, right = 0, bottom = 0, behind = 8 })
end

-- The line back from the end of a loop's steps to their beginning.
local DONE = "done?"
local function loop(it)
    local inner = column(boxes_of(it.children))
    local width = measure.width(DONE, 11, true)
    local done_w, back = width + 20, 24
    local room = { top = 34, right = back + 22, bottom = 22 + 22 }
    function room.draw(pen, x, y)
        local axis, bottom = x + inner.axis, y + inner.h
        local right, top, done_y = x + inner.w + back, y - 20, bottom + 22
        pen:arrow("e", axis, bottom, done_y)
        pen:path("e", "M%d %dH%dq10 0 10-10V%dq0-10-10-10H%d", axis + done_w // 2, done_y + 11,
                 right - 10, top + 10, axis + 6)
        pen:put('<path class="eh" d="M%d %dl7-4v8z"/>', axis, top)
        pen:arrow("e", axis, y - 30, y)
        pen:put('<g class="k-loop">')
        pen:rect("pill", axis - done_w // 2, done_y, done_w, 22, 11)
        pen:words("s b", axis - width // 2, done_y + 15, DONE, width, width)
        pen:words("s", axis + done_w // 2 + 6, done_y + 7, "no", 14)
        pen:put("</g>\n")
    end
    return container(it, "until done", inner, room)
end

local function parallel(it)
    local boxes = boxes_of(it.children)
    local row = lanes(boxes)
    local fork, join = 30, 30
    local middle = (row.first + row.last) // 2
    local inner = { w = row.w, h = row.h + fork + join, axis = middle }
    function inner.draw(pen, x, y)
        local bottom, bar_w = y + inner.h, row.last - row.first + 32
        pen:rect("bar", x + row.first - 16, y, bar_w, 5, 2)
        pen:rect("bar", x + row.first - 16, bottom - 5, bar_w, 5, 2)
        for i, box in ipairs(boxes) do
            local at = x + row.at[i] + box.axis
            pen:arrow("e", at, y + 5, y + fork)
            pen:line("e", at, y + fork + box.h, bottom - 5)
            box.draw(pen, x + row.at[i], y + fork)
        end
    end
    return container(it, "side by side", inner, { top = 12, right = 0, bottom = 0 })
end

local MAKERS = { choice = choice, seq = seq, map = map, loop = loop, parallel = parallel }

-- --- handlers --------------------------------------------------------------------------------

-- A step with its handlers to the right of it; they join the main line again under it.
local function with_handlers(it, box)
    local handlers = {}
    for i, handler in ipairs(it.catch) do
        handlers[i] = column(boxes_of(handler.children, card.pill(handler)), "c")
    end
    local row = lanes(handlers)
    local left = box.w + CATCH_GAP
    local lane_y = math.max(0, box.port.y - 11)
    local drop = lane_y + 11 - box.port.y
    local merge = math.max(box.h, lane_y + row.h) + 14
    local whole = { w = left + row.w, h = merge + 6, axis = box.axis, port = box.port,
                    open = true }
    function whole.draw(pen, x, y)
        local from, joins = x + box.port.x, x + box.axis + 6
        pen:line("e", x + box.axis, y + box.h, y + whole.h)
        for i, handler in ipairs(handlers) do
            local at = x + left + row.at[i]
            local pill = card.pill(it.catch[i])
            local to = at + handler.axis - pill.axis
            pen:path("c", "M%d %dH%d", from, y + box.port.y + drop, to - 6)
            pen:path("ch", "M%d %dl-7-4v8z", to, y + box.port.y + drop)
            from = to + pill.w
            local line = at + handler.axis
            pen:path("c", "M%d %dV%dq0 10-10 10H%d", line, y + lane_y + handler.h, y + merge - 10,
                     joins)
            joins = line - 10
        end
        pen:path("ch", "M%d %dl7-4v8z", x + box.axis, y + merge)
        for i, handler in ipairs(handlers) do
            handler.draw(pen, x + left + row.at[i], y + lane_y)
        end
        box.draw(pen, x, y)
    end
    return whole
end

function box_of(it)
    local box = (MAKERS[it.kind] or card.box)(it)
    return #it.catch > 0 and with_handlers(it, box) or box
end

-- --- the whole -------------------------------------------------------------------------------

local function dot(draw)
    return { w = 16, h = 16, axis = 8, draw = draw }
end

-- The steps of a flow between its beginning and its end.
function layout.flow(it)
    local boxes = boxes_of(it.children, dot(function(pen, x, y)
        pen:put('<circle class="p" cx="%d" cy="%d" r="7"/>', x + 8, y + 8)
    end))
    boxes[#boxes + 1] = dot(function(pen, x, y)
        pen:put('<circle class="e" cx="%d" cy="%d" r="7"/>', x + 8, y + 8)
        pen:put('<circle class="p" cx="%d" cy="%d" r="4"/>', x + 8, y + 8)
    end)
    return column(boxes)
end

return layout
