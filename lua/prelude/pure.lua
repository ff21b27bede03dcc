-- pure: the functions of ctx that only compute: json, base64, hex, hashes, url, time, and chance.
-- The encodings and the HMAC take secrets, too, and give secrets then.
-- Arguments are checked by the table of api.lua before these are called.
local host, use = ...
local fault = use "fault"
local secret = use "secret"
local time = use "time"
local url = use "url"

local pure = {}

local JSON_MAX = 6 * 1024 * 1024

pure.json = {}

function pure.json.encode(value)
    if value == nil then
        return "null"
    end
    local encoded, _, reason = host.encode(value, JSON_MAX)
    return encoded or fault.misuse("ctx.json.encode: " .. reason)
end

function pure.json.decode(source)
    local ok, value = host.decode(source)
    if not ok then
        fault.misuse("ctx.json.decode: " .. value)
    end
    return value
end

-- An encoder of strings that takes secrets, too.
local function encoder(how, encode)
    return function(value)
        return secret.is(value) and secret.encode(how, value) or encode(value)
    end
end

local function decoder(name, decode)
    return function(source)
        return decode(source) or fault.misuse(name .. ": argument 1 (text) does not decode")
    end
end

pure.base64 = { encode = encoder("base64", host.base64_encode),
                decode = decoder("ctx.base64.decode", host.base64_decode) }
pure.hex = { encode = encoder("hex", host.hex_encode),
             decode = decoder("ctx.hex.decode", host.hex_decode) }
pure.url = { encode = encoder("url", url.escape) }

function pure.sha256(value)
    return host.hex_encode(host.sha256(value))
end

local FORMS = { hex = host.hex_encode, base64 = host.base64_encode,
                raw = function(bytes) return bytes end }

function pure.hmac_sha256(key, value, form)
    form = form or "hex"
    if secret.is(key) or secret.is(value) then
        return secret.hmac(key, value, form)
    end
    return FORMS[form](host.hmac_sha256(key, value))
end

pure.time = { iso = time.iso }

function pure.time.parse(value)
    local seconds, wrong = time.parse(value)
    return seconds or fault.misuse("ctx.time.parse: argument 1 (text) " .. wrong)
end

-- RFC 9562, version 4.
function pure.uuid()
    local bytes = { host.random(16):byte(1, 16) }
    bytes[7] = bytes[7] & 0x0f | 0x40
    bytes[9] = bytes[9] & 0x3f | 0x80
    return ("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x"):format(
        table.unpack(bytes))
end

-- As math.random: a float below 1, an integer up to m, or one from m to n.
function pure.random(m, n)
    if m == nil and n ~= nil then
        fault.misuse("ctx.random: argument 1 (m) must be a whole number, got nothing")
    elseif m == nil then
        return (string.unpack("<I7", host.random(7)) >> 3) * 2.0 ^ -53
    end
    local low, high = n and m or 1, n or m
    if low > high or high - low < 0 then
        fault.misuse("ctx.random: the interval is empty or too large")
    elseif high - low == math.maxinteger then
        return low + (string.unpack("<i8", host.random(8)) & math.maxinteger)
    end
    local size, bits = high - low + 1
    repeat -- so that no number comes more often than another
        bits = string.unpack("<i8", host.random(8)) & math.maxinteger
    until bits - bits % size <= math.maxinteger - size + 1
    return low + bits % size
end

return pure
