-- spec_tree: the words of a spec file: describe it pending before_each after_each before_all ...
-- They grow a tree of blocks and tests while the file loads; nothing of it runs then. A block is
-- {name, parent, items, before_all, before_each, after_each, after_all}, a test {name, block, f}.
local host, use = ...
local fault = use "fault"
local show = use "spec_show"
local text = use "text"

local tree = { tests = {}, loading = true }

local NAME_MAX = 500
local TESTS_MAX = 10000

local function new_block(name, parent)
    return { name = name, parent = parent, items = {}, before_all = {}, before_each = {},
             after_each = {}, after_all = {} }
end

tree.root = new_block(nil, nil)
local current = tree.root

-- A test that ended with pending("why").
local pendings = setmetatable({}, { __mode = "k" })

function tree.pending_reason(value)
    return pendings[value]
end

local function check(word, name, f)
    if not tree.loading then
        fault.misuse(word .. " cannot stand inside a test or a hook")
    elseif type(name) ~= "string" or name == "" then
        fault.misuse(("%s: argument 1 must be its name, got %s"):format(word, show.brief(name)))
    elseif f ~= nil and type(f) ~= "function" then
        fault.misuse(("%s: argument 2 must be a function, got %s"):format(word, show.brief(f)))
    end
end

local function describe(name, f)
    check("describe", name, f)
    if f == nil then
        fault.misuse("describe: argument 2 must be a function")
    end
    local block = new_block(text.clean(name, NAME_MAX), current)
    current.items[#current.items + 1] = block
    current = block
    f()
    current = block.parent
end

local function add_test(name, f, reason)
    if #tree.tests >= TESTS_MAX then
        fault.misuse(("over %d tests in one file"):format(TESTS_MAX))
    end
    local file, line = host.where(1)
    local test = { name = text.clean(name, NAME_MAX), block = current, f = f, file = file,
                   line = line, reason = reason, n = #tree.tests + 1 }
    tree.tests[test.n] = test
    current.items[#current.items + 1] = test
end

-- A test without a function is yet to be written.
local function it(name, f)
    check("it", name, f)
    add_test(name, f, f == nil and "no function yet" or nil)
end

-- Instead of it: a test that is not run; inside it: gives the test up.
local function pending(name, f)
    if tree.loading then
        check("pending", name, f)
        add_test(name, nil, "pending")
        return
    end
    local mark = {}
    pendings[mark] = name == nil and "pending" or text.clean(tostring(name), NAME_MAX)
    error(mark, 0)
end

local function hook(word, list)
    return function(f)
        if not tree.loading then
            fault.misuse(word .. " cannot stand inside a test or a hook")
        elseif type(f) ~= "function" then
            fault.misuse(("%s: argument 1 must be a function, got %s"):format(word, show.brief(f)))
        end
        current[list][#current[list] + 1] = f
    end
end

local function finally(f)
    if tree.loading then
        fault.misuse("finally belongs into a test")
    elseif type(f) ~= "function" then
        fault.misuse("finally: argument 1 must be a function, got " .. show.brief(f))
    end
    tree.finally = f
end

-- Puts the words into the globals of a spec.
function tree.add(globals)
    for _, word in ipairs({ "describe", "context", "insulate", "expose" }) do
        globals[word] = describe
    end
    for _, word in ipairs({ "it", "test", "spec" }) do
        globals[word] = it
    end
    for word, list in pairs({ before_all = "before_all", setup = "before_all",
                              lazy_setup = "before_all", strict_setup = "before_all",
                              after_all = "after_all", teardown = "after_all",
                              lazy_teardown = "after_all", strict_teardown = "after_all",
                              before_each = "before_each", after_each = "after_each" }) do
        globals[word] = hook(word, list)
    end
    globals.pending = pending
    globals.finally = finally
end

-- The names of the blocks around a test, outermost first.
function tree.path(test)
    local path, block = {}, test.block
    while block.parent do
        table.insert(path, 1, block.name)
        block = block.parent
    end
    return path
end

function tree.full_name(test)
    local path = tree.path(test)
    path[#path + 1] = test.name
    return table.concat(path, " ")
end

-- The blocks around a test, outermost first.
function tree.blocks(test)
    local list, block = {}, test.block
    while block do
        table.insert(list, 1, block)
        block = block.parent
    end
    return list
end

return tree
