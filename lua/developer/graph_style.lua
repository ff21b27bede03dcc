-- graph_style: how a picture looks: colours by kind, light and dark, and the icons.
-- The style stands in the picture itself; a program that knows no media queries shows it light.
local style = {}

-- kind -> accent
local ACCENTS = {
    task = "#2f6fed", seq = "#64748b", choice = "#d97706", parallel = "#7c3aed", map = "#0d9488",
    loop = "#db2777", wait = "#0891b2", call = "#4f46e5", on = "#dc2626",
    when = "#d97706", otherwise = "#64748b",
}

-- 16 by 16, drawn in lines.
local ICONS = {
    { "task", "M5.5 4 2 8l3.5 4M10.5 4 14 8l-3.5 4" },
    { "seq", "M3 4h10M3 8h10M3 12h10" },
    { "choice", "M8 14V9.5L3.5 5V2M8 9.5 12.5 5V2M1.5 4l2-2 2 2M10.5 4l2-2 2 2" },
    { "parallel", "M3.5 2.5v11M8 2.5v11M12.5 2.5v11" },
    { "map", "M8 2 2 5l6 3 6-3zM2 8l6 3 6-3M2 11l6 3 6-3" },
    { "loop", "M13 8A5 5 0 1 1 11.3 4.2M13.5 2v3.5H10" },
    { "wait", "M8 2a6 6 0 1 0 .01 0M8 4.5V8l2.5 2" },
    { "call", "M6.5 3H3v10h10V9.5M9 3h4v4M13 3 7.5 8.5" },
    { "on", "M8 2.5 14.5 13.5h-13zM8 6.5v3.5M8 11.7v.3" },
    { "retry", "M13 8A5 5 0 1 1 11.3 4.2M13.5 2v3.5H10" },
    { "timeout", "M8 4a5 5 0 1 0 .01 0M8 6.5V9M6.5 1.5h3" },
    { "undo", "M3 6h6.5a3.5 3.5 0 0 1 0 7H6M6 3 3 6l3 3" },
    { "when", "M8 2l6 6-6 6-6-6z" },
    { "max", "M3 2v12M13 2v12M5.5 8h5" },
    { "tolerate", "M4 12 12 4M4.5 3a1.5 1.5 0 1 0 .01 0M11.5 10a1.5 1.5 0 1 0 .01 0" },
}

-- class, light, dark
local COLOURS = {
    { ".bg", "fill:#f8fafc", "fill:#0d1117" },
    { ".p", "fill:#334155", "fill:#94a3b8" },
    { ".card", "fill:#fff;stroke:#cbd5e1", "fill:#161b22;stroke:#3d4653" },
    { ".chip", "fill:#fff;stroke:#dde3eb", "fill:#21262e;stroke:#3d4653" },
    { ".pill", "fill:#fff", "fill:#161b22" },
    { ".h", "fill:#0f172a", "fill:#e6edf3" },
    { ".t", "fill:#0f172a", "fill:#e6edf3" },
    { ".s", "fill:#5b687c", "fill:#9aa7b8" },
    { ".q", "fill:#334155", "fill:#c3cedb" },
    { ".e", "stroke:#94a3b8", "stroke:#6b7889" },
    { ".eh", "fill:#94a3b8", "fill:#6b7889" },
    { ".c", "stroke:#dc2626", "stroke:#f87171" },
    { ".ch", "fill:#dc2626", "fill:#f87171" },
    { ".ci", "stroke:#dc2626", "stroke:#f87171" },
    { ".qi", "stroke:#5b687c", "stroke:#9aa7b8" },
}

-- class, what is the same in light and dark
local SHAPES = {
    { "text", 'font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,'
              .. "sans-serif" },
    { ".h", "font-size:20px;font-weight:700" },
    { ".t", "font-size:13px;font-weight:600" },
    { ".s", "font-size:11px" },
    { ".b", "font-weight:600" },
    { ".l", "font-size:13px" },
    { ".q", "font-size:10px;font-weight:500" },
    { ".e", "fill:none;stroke-width:1.5" },
    { ".c", "fill:none;stroke-width:1.5;stroke-dasharray:5 4" },
    { ".behind", "fill:none" },
    { ".bar", "fill:" .. ACCENTS.parallel },
    { ".pill", "stroke-width:1.2" },
    { ".ti", "fill:none;stroke:#fff;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round" },
    { ".ci", "fill:none;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round" },
    { ".qi", "fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round" },
}

-- kinds in an order that does not change
local KINDS = { "task", "seq", "choice", "parallel", "map", "loop", "wait", "call", "on",
                "when", "otherwise" }
local CONTAINERS = { "seq", "parallel", "map", "loop" }

-- The colour that a part of one makes in the other.
local function mix(colour, ground, part)
    local out = "#"
    for i = 2, 6, 2 do
        local a, b = tonumber(colour:sub(i, i + 1), 16), tonumber(ground:sub(i, i + 1), 16)
        out = out .. ("%02x"):format((a * part + b * (100 - part)) // 100)
    end
    return out
end

-- A container's rules, the same at every depth.
local function add_box(add, kind, ground, fill, stroke)
    local colour = mix(ACCENTS[kind], ground, stroke)
    add(".k-" .. kind .. " .box", ("fill:%s;stroke:%s"):format(
        mix(ACCENTS[kind], ground, fill), colour))
    add(".k-" .. kind .. " .behind", "stroke:" .. colour)
end

-- Every rule is for what stands in a picture (class mm), should it become a part of a page.
function style.sheet()
    local out = {}
    local function add(class, rule)
        out[#out + 1] = (".mm %s{%s}"):format(class, rule)
    end
    for _, each in ipairs(SHAPES) do
        add(each[1], each[2])
    end
    for _, each in ipairs(COLOURS) do
        add(each[1], each[2])
    end
    for _, kind in ipairs(KINDS) do
        add(".k-" .. kind .. " .i", "fill:" .. ACCENTS[kind])
        add(".k-" .. kind .. " .pill", "stroke:" .. ACCENTS[kind])
    end
    for _, kind in ipairs(CONTAINERS) do
        add_box(add, kind, "#fdfeff", 5, 45)
    end
    out[#out + 1] = "@media (prefers-color-scheme:dark){"
    for _, each in ipairs(COLOURS) do
        add(each[1], each[3])
    end
    for _, kind in ipairs(CONTAINERS) do
        add_box(add, kind, "#10151c", 12, 65)
    end
    out[#out + 1] = "}"
    return table.concat(out, "\n")
end

function style.icons(pen)
    for _, icon in ipairs(ICONS) do
        pen:put('<path id="mm-%s" d="%s"/>', icon[1], icon[2])
    end
end

return style
