-- date: days of the calendar; an HTTP date (RFC 9110 5.6.7, the preferred form) to Unix seconds:
-- "Sun, 06 Nov 1994 08:49:37 GMT"; the weekday is not checked.
-- parse returns nil for anything else.
local date = {}

local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9,
                 Oct = 10, Nov = 11, Dec = 12 }

-- Days since 1970-01-01 of the proleptic Gregorian calendar; years begin in March, so that the
-- leap day is the last of its year.
function date.days(year, month, day)
    local y = month > 2 and year or year - 1
    local era = y // 400
    local of_era = y - era * 400
    local of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
end

-- Year, month and day of a day since 1970-01-01.
function date.civil(count)
    local shifted = count + 719468
    local era = shifted // 146097
    local of_era = shifted - era * 146097
    local year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    local of_year = of_era - (365 * year + year // 4 - year // 100)
    local month = (5 * of_year + 2) // 153
    return year + era * 400 + (month >= 10 and 1 or 0), (month + 2) % 12 + 1,
           of_year - (153 * month + 2) // 5 + 1
end

function date.parse(value)
    local day, name, year, hour, minute, second =
        value:match("^%a%a%a, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$")
    local month = MONTHS[name]
    if not month then
        return nil
    end
    local midnight = date.days(tonumber(year), month, tonumber(day)) * 86400
    return midnight + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second)
end

return date
