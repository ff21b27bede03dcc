-- trip: every kind of node and every option that a picture shows.
local function nothing() return nil end
local function yes() return true end

return flow "trip" {
    about = "books a flight, a hotel and a car, or none of them",
    timeout = "10m",

    task "load" { about = "reads the request", retry = 4, timeout = "10s", run = nothing },
    choice "who_decides" {
        about = "expensive trips need a person",
        when("over_5000", yes) {
            task "ask_finance" {
                about = "sends a mail to finance and waits for an answer, which may take a day "
                    .. "or two when they are on holiday",
                timeout = "2m",
                run = nothing,
            },
            wait "settle" "15s",
        },
        when("foreign", yes) { call "visa" { flow = "visa_check" } },
        otherwise { task "auto" (nothing) },
    },
    parallel "book" {
        max = 2,
        task "flight" {
            undo = nothing,
            retry = { attempts = 3, delay = "1s" },
            timeout = "30s",
            run = nothing,
            catch = {
                on "http.404" { task "other_airline" (nothing), task "apologise" (nothing) },
                on "net.*" { task "queue" { about = "try later", run = nothing } },
            },
        },
        seq "hotel" { task "find" (nothing), task "reserve" { undo = nothing, run = nothing } },
        task "car" { when = yes, run = nothing },
    },
    map "send" {
        about = "a mail to every traveller",
        over = function() return { "Ada", "Bo" } end,
        max = 4,
        tolerate = "10%",
        catch = on "*" { task "tell_support" (nothing) },
        task "draft" { retry = 3, about = "writes the mail", run = nothing },
        task "mail" { timeout = "5s", run = nothing },
    },
    loop "poll" {
        done = yes,
        max = 100,
        about = "until the bank has paid",
        task "status" { about = "asks the bank", run = nothing },
        wait "pause" "30s",
    },
    task "report" (nothing),
}
