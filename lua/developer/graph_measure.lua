-- graph_measure: how wide text is, without a font: columns on a terminal, pixels in a picture.
-- The pixels are those of a common sans serif (advance widths of Helvetica, and a little more for
-- its wider cousins). Lines break at spaces, between ideographs, and in a word that is too long.
local measure = {}

-- Thousandths of the size, of the characters 32 to 126.
local ASCII = {
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
}
local SLACK = 1100
local BOLD = 1140
local ZERO, WIDE, EMOJI = 0, 1000, 1300

-- From this character on (up to the next entry), this wide; the list is in order.
local RANGES = {
    { 0x00, ZERO }, { 0x20, 600 }, { 0x7F, ZERO }, { 0xA0, 620 }, { 0x300, ZERO }, { 0x370, 680 },
    { 0x591, ZERO }, { 0x5BE, 600 }, { 0x610, ZERO }, { 0x61B, 640 }, { 0x64B, ZERO },
    { 0x660, 640 }, { 0x6D6, ZERO }, { 0x6DD, 640 }, { 0x900, 700 }, { 0x1100, WIDE },
    { 0x1160, 700 }, { 0x1AB0, ZERO }, { 0x1B00, 700 }, { 0x200B, ZERO }, { 0x2010, 600 },
    { 0x2014, WIDE }, { 0x2016, 600 }, { 0x2026, WIDE }, { 0x2027, 600 }, { 0x202A, ZERO },
    { 0x202F, 600 }, { 0x2060, ZERO }, { 0x2070, 700 }, { 0x20D0, ZERO }, { 0x2100, WIDE },
    { 0x2E80, WIDE }, { 0xA4D0, 700 }, { 0xAC00, WIDE }, { 0xD7A4, 700 }, { 0xF900, WIDE },
    { 0xFB00, 700 }, { 0xFE00, ZERO }, { 0xFE10, WIDE }, { 0xFE20, ZERO }, { 0xFE30, WIDE },
    { 0xFE70, 640 }, { 0xFEFF, ZERO }, { 0xFF00, WIDE }, { 0xFF61, 600 }, { 0xFFE0, WIDE },
    { 0xFFE7, 700 }, { 0x1F000, EMOJI }, { 0x1F1E6, 660 }, { 0x1F200, EMOJI }, { 0x1F3FB, ZERO },
    { 0x1F400, EMOJI }, { 0x1FB00, WIDE }, { 0x20000, WIDE }, { 0x40000, 700 },
}

local known = {}

local function advance(code)
    local width = known[code]
    if not width then
        for _, range in ipairs(RANGES) do
            if code < range[1] then
                break
            end
            width = range[2]
        end
        width = code >= 0x20 and ASCII[code - 31] or width
        known[code] = width
    end
    return width
end

-- A line may be broken on both sides of these.
local function is_ideograph(code)
    return code >= 0x2E80 and advance(code) == WIDE
end

-- Thousandths of the size. A sequence with U+200D is one picture.
local function units(text)
    local sum, joined = 0, false
    for _, code in utf8.codes(text) do
        sum = sum + (joined and 0 or advance(code))
        joined = code == 0x200D
    end
    return sum
end

local function scale_of(size, bold)
    local scale = size * SLACK
    return bold and scale * BOLD // 1000 or scale
end

-- Pixels, rounded up.
function measure.width(text, size, bold)
    return (units(text) * scale_of(size, bold) + 999999) // 1000000
end

-- A line whose width is known well enough to be left to the font.
function measure.is_plain(text)
    return not text:gsub("…$", ""):find("[^\x20-\x7E\xC2-\xCB\x80-\xBF]")
end

-- A line that is read from right to left: its first letter is Hebrew, Arabic or a relative.
function measure.is_leftward(text)
    for _, code in utf8.codes(text) do
        if code >= 0x590 and code <= 0x8FF or code >= 0xFB1D and code <= 0xFDFF
           or code >= 0xFE70 and code <= 0xFEFC then
            return true
        elseif code >= 0x41 and code <= 0x5A or code >= 0x61 and code <= 0x7A or code >= 0xC0 then
            return false
        end
    end
    return false
end

-- Columns of a terminal.
function measure.columns(text)
    local sum = 0
    for _, code in utf8.codes(text) do
        local width = advance(code)
        local wide = width == EMOJI or is_ideograph(code)
        sum = sum + (width == ZERO and 0 or wide and 2 or 1)
    end
    return sum
end

-- No line begins with these.
local CLOSING = {}
for _, code in utf8.codes("、。，．：；！？）」』】〉》") do
    CLOSING[code] = true
end

-- The pieces between which a line may end: {text, space}, space: one stands before it.
local function pieces_of(text)
    local pieces, word, space = {}, "", false
    local function finish()
        if word ~= "" then
            pieces[#pieces + 1] = { text = word, space = space }
            word, space = "", false
        end
    end
    for _, code in utf8.codes(text) do
        local last = word == "" and not space and pieces[#pieces]
        if code == 0x20 then
            finish()
            space = true
        elseif CLOSING[code] and last then
            last.text = last.text .. utf8.char(code)
        elseif is_ideograph(code) and not CLOSING[code] then
            finish()
            word = utf8.char(code)
            finish()
        else
            word = word .. utf8.char(code)
        end
    end
    finish()
    return pieces
end

-- The longest front of text that is at most width wide, one character at least; and the rest.
-- of(text) is its width; the width of two texts is the sum of theirs.
local function split(text, width, of)
    local sum, joined = 0, false
    for at, code in utf8.codes(text) do
        local own = joined and 0 or of(utf8.char(code))
        sum = sum + own
        if at > 1 and own > 0 and sum > width then
            return text:sub(1, at - 1), text:sub(at)
        end
        joined = code == 0x200D
    end
    return text, ""
end

-- The text with "…" in place of what does not fit.
local function shorten(text, width, of)
    return (split(text, width - of("…"), of)) .. "…"
end

-- Takes the lines of one text: at most max of them (nil: all), the last one then shortened.
local function new_block(max)
    local block = { lines = {}, line = "", width = 0, full = false }
    function block.finish()
        local lines = block.lines
        lines[#lines + 1] = block.line
        block.line, block.width = "", 0
        block.full = max ~= nil and #lines >= max
    end
    return block
end

-- Moves what is too long for one line into lines of its own.
local function break_word(block, width, of)
    while block.width > width and not block.full do
        local front, rest = split(block.line, width, of)
        if rest == "" then
            return
        end
        block.line = front
        block.finish()
        block.line, block.width = rest, of(rest)
    end
end

-- Lines of at most width by the function of(text).
local function wrap(text, width, of, max)
    local block, blank = new_block(max), of(" ")
    for _, piece in ipairs(pieces_of(text)) do
        local own = of(piece.text)
        local space = piece.space and block.line ~= ""
        if block.line ~= "" and block.width + own + (space and blank or 0) > width then
            block.finish()
            space = false
        end
        if not block.full then
            block.line = block.line .. (space and " " or "") .. piece.text
            block.width = block.width + own + (space and blank or 0)
            break_word(block, width, of)
        end
        if block.full then
            block.lines[max] = shorten(block.lines[max], width, of)
            return block.lines
        end
    end
    if block.line ~= "" then
        block.finish()
    end
    return block.lines
end

-- Lines of at most width pixels.
function measure.wrap(text, width, size, bold, max)
    return wrap(text, width * 1000000 // scale_of(size, bold), units, max)
end

-- Lines of at most that many columns.
function measure.wrap_columns(text, columns)
    return wrap(text, columns, measure.columns)
end

-- One line of at most that many columns.
function measure.cut(text, columns)
    if measure.columns(text) <= columns then
        return text
    end
    return shorten(text, columns, measure.columns)
end

return measure
