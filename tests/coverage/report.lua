-- coverage: which lines of lua/prelude and lua/developer the tests have run.
-- usage: lua5.4 tests/coverage/report.lua MAP, in the project's folder; MAP is what tests/coverage/coverage.c wrote.
-- Prints a line a file, then the lines that never ran. The lines that could run are luac's.
local NAME_SIZE, LINES = 48, 1000
local map = assert(io.open(arg[1], "rb")):read("a")

local ran = {} -- "prelude/steps" -> set of lines
for at = 1, #map - NAME_SIZE, NAME_SIZE + LINES do
    local name = map:sub(at, at + NAME_SIZE - 1):match("^[^\0]+")
    if name then
        ran[name] = ran[name] or {}
        for line = 0, LINES - 1 do
            ran[name][line] = ran[name][line] or map:byte(at + NAME_SIZE + line) == 1
        end
    end
end

local function lines_of(command)
    local pipe = assert(io.popen(command))
    local list = {}
    for line in pipe:lines() do
        list[#list + 1] = line
    end
    pipe:close()
    return list
end

-- The ends of functions and tables have instructions of their own, which say nothing; so has a file's
-- first line.
local function says_something(line)
    return not line:find("^%s*%-%-") and not line:find("^%s*[%)}%]]*%s*end[%),;}%s]*$") and not line:find("^%s*[%)}%],;%s]*$")
end

local function active(path)
    local source = {}
    for line in io.lines(path) do
        source[#source + 1] = line
    end
    local set = {}
    for _, line in ipairs(lines_of("luac5.4 -p -l " .. path)) do
        local number = tonumber(line:match("^%s+%d+%s+%[(%d+)%]"))
        if number and source[number] and says_something(source[number]) then
            set[number] = source[number]
        end
    end
    return set
end

local all, hit, missed = 0, 0, {}
for _, path in ipairs(lines_of("ls lua/prelude/*.lua lua/developer/*.lua")) do
    local name = path:match("lua/(.+)%.lua$")
    local could, did = 0, 0
    local numbers = {}
    local set = active(path)
    for number in pairs(set) do
        numbers[#numbers + 1] = number
    end
    table.sort(numbers)
    for _, number in ipairs(numbers) do
        could = could + 1
        if ran[name] and ran[name][number] then
            did = did + 1
        else
            missed[#missed + 1] = ("%s:%d: %s"):format(path, number, set[number])
        end
    end
    all, hit = all + could, hit + did
    print(("%5.1f %%  %4d of %4d  %s"):format(100 * did / could, did, could, path))
end
print(("%5.1f %%  %4d of %4d  in all"):format(100 * hit / all, hit, all))
print("\nnever run:")
print(table.concat(missed, "\n"))
