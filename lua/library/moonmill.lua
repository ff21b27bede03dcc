---@meta moonmill
-- What a flow and its spec can use, for editors with a Lua language server.
-- Written by `moonmill new`; nothing reads it at run time.

---how long: "250ms" "10s" "5m" "2h" "1d"
---@alias moonmill.duration string

---how grave a line of the log is
---@alias moonmill.level "debug"|"info"|"warn"|"error"

---how the bytes of a digest are written
---@alias moonmill.digest_form "hex"|"base64"|"raw"

---200, "2xx", or a list: what counts as success
---@alias moonmill.statuses integer|string|(integer|string)[]

---yes or no
---@alias moonmill.predicate fun(s: moonmill.state): any

---makes a value of the state
---@alias moonmill.maker fun(s: moonmill.state): any

---what a task does
---@alias moonmill.run fun(s: moonmill.state, ctx: moonmill.ctx): any

---"string" "number" "integer" "boolean" "any" "table" "object", ? behind: may be missing; { shape } is a list, { name = shape } an object
---@alias moonmill.shape string|table

---a type of JSON
---@alias moonmill.schema_type "string"|"number"|"integer"|"boolean"|"object"|"array"|"null"

---A step of a flow.
---@class moonmill.step

---A branch of a choice: when or otherwise.
---@class moonmill.branch

---What runs when a step failed: on.
---@class moonmill.handler

---A flow: what its file returns.
---@class moonmill.flow

---The null of JSON.
---@class moonmill.null

---A value that requests resolve and no script reads.
---@class moonmill.secret
---@operator concat(string|integer|moonmill.secret): moonmill.secret

---What is known in a step: s. It is read-only all the way down.
---@class moonmill.state
---@field input any the payload, or what the step's own input option gave
---@field item any in a map: the item
---@field index integer in a map: the item's place; in a loop: the pass
---@field err moonmill.error in a handler: what was caught
---@field errors table<string, moonmill.error[]> by map: the failures that it tolerated
---@field [string] any the results of earlier steps

---Something that went wrong.
---@class moonmill.error
---@field code string "http.503", "timeout", "card.closed"
---@field message string for people
---@field step? string the step's path
---@field line? integer where in the flow's file
---@field index? integer in s.errors: the item's place
---@field data? any what came with it

---How a step is tried again.
---@class moonmill.retry
---@field attempts? integer all tries, the first too: 3 unless given
---@field delay? moonmill.duration the pause before the second try: "1s" unless given
---@field factor? number each pause is so many times the one before: 2 unless given
---@field max_delay? moonmill.duration no pause is longer: "60s" unless given
---@field jitter? boolean a random part of each pause: true unless given
---@field on? string|string[] the codes it helps against: { "http.5xx", "timeout" }

---A variable of a flow.
---@class moonmill.variable
---@field default? any its value when nobody gives another
---@field runtime? boolean the message's runtime_variables may replace it
---@field exposed? boolean its event's variables may replace it
---@field secret? boolean its value is a secret
---@field id? string the id by which it is replaced, besides its name
---@field about? string one line for people

---A subset of JSON Schema.
---@class moonmill.schema
---@field type? moonmill.schema_type|moonmill.schema_type[] its type, or several
---@field properties? table<string, moonmill.schema> of an object
---@field required? string[] the properties that must be there
---@field additionalProperties? boolean|moonmill.schema what other properties may be
---@field items? moonmill.schema of an array: what each is
---@field enum? any[] one of these
---@field const? any this value
---@field minimum? number not less
---@field maximum? number not more
---@field minLength? integer characters at least
---@field maxLength? integer characters at most
---@field pattern? string a pattern of Lua
---@field minItems? integer items at least
---@field maxItems? integer items at most
---@field oneOf? moonmill.schema[] alternatives that differ by a property with const
---@field title? string for people
---@field description? string for people

---What a request takes.
---@class moonmill.http_options
---@field headers? table<string, string|number|moonmill.secret> by name
---@field query? table<string, any> by name; a value may be a list
---@field json? any the body, as JSON
---@field body? string|moonmill.secret the body, as it is
---@field timeout? moonmill.duration "30s" unless given
---@field expect? moonmill.statuses what counts as success: "2xx" unless given
---@field method? string for ctx.http.request

---What a request gives.
---@class moonmill.http_reply
---@field status integer as 200
---@field headers table<string, string> by lower-case name
---@field body string as it came
---@field json any the value of a body that is JSON

---Which run this is.
---@class moonmill.run_facts
---@field id string the run's
---@field app string the app's
---@field flow string the board's
---@field version string the board's, empty when the job says none
---@field user string who started it

---A line of the run's log; print does the same.
---@class moonmill.ctx.log
---@overload fun(message: any, level?: moonmill.level)
local ctx_log = {}

---A line of the log that is for debugging.
---@param message any
function ctx_log.debug(message) end

---A line of the log.
---@param message any
function ctx_log.info(message) end

---A line of the log that warns.
---@param message any
function ctx_log.warn(message) end

---A line of the log that tells of an error; the run goes on.
---@param message any
function ctx_log.error(message) end

---Requests; while one is out, other branches go on.
---@class moonmill.ctx.http
local ctx_http = {}

---A GET request; a status that is not expected raises http.<status>.
---@param url string|moonmill.secret http:// or https://
---@param options? moonmill.http_options
---@return moonmill.http_reply
function ctx_http.get(url, options) end

---A POST request; a status that is not expected raises http.<status>.
---@param url string|moonmill.secret http:// or https://
---@param options? moonmill.http_options
---@return moonmill.http_reply
function ctx_http.post(url, options) end

---A PUT request; a status that is not expected raises http.<status>.
---@param url string|moonmill.secret http:// or https://
---@param options? moonmill.http_options
---@return moonmill.http_reply
function ctx_http.put(url, options) end

---A PATCH request; a status that is not expected raises http.<status>.
---@param url string|moonmill.secret http:// or https://
---@param options? moonmill.http_options
---@return moonmill.http_reply
function ctx_http.patch(url, options) end

---A DELETE request; a status that is not expected raises http.<status>.
---@param url string|moonmill.secret http:// or https://
---@param options? moonmill.http_options
---@return moonmill.http_reply
function ctx_http.delete(url, options) end

---A request of any method: GET unless options.method says another.
---@param url string|moonmill.secret http:// or https://
---@param options? moonmill.http_options
---@return moonmill.http_reply
function ctx_http.request(url, options) end

---Times as text.
---@class moonmill.ctx.time
local ctx_time = {}

---Unix time as text (RFC 3339): "2026-11-25T22:53:38.123Z".
---@param time? number now unless given
---@return string
function ctx_time.iso(time) end

---The Unix time of a text (RFC 3339).
---@param text string
---@return number
function ctx_time.parse(text) end

---JSON.
---@class moonmill.ctx.json
local ctx_json = {}

---A value as JSON.
---@param value any
---@return string
function ctx_json.encode(value) end

---The value of a JSON text; null is ctx.null.
---@param text string
---@return any
function ctx_json.decode(text) end

---Base64 (RFC 4648).
---@class moonmill.ctx.base64
local ctx_base64 = {}

---Bytes as base64; of a secret, a secret.
---@param text string
---@return string
---@overload fun(text: moonmill.secret): moonmill.secret
function ctx_base64.encode(text) end

---The bytes of a base64 text.
---@param text string
---@return string
function ctx_base64.decode(text) end

---Hexadecimal digits.
---@class moonmill.ctx.hex
local ctx_hex = {}

---Bytes as hexadecimal digits; of a secret, a secret.
---@param text string
---@return string
---@overload fun(text: moonmill.secret): moonmill.secret
function ctx_hex.encode(text) end

---The bytes of hexadecimal digits.
---@param text string
---@return string
function ctx_hex.decode(text) end

---Parts of URLs.
---@class moonmill.ctx.url
local ctx_url = {}

---Text as it stands in a URL's path or query; of a secret, a secret.
---@param text string
---@return string
---@overload fun(text: moonmill.secret): moonmill.secret
function ctx_url.encode(text) end

---Everything with an effect.
---@class moonmill.ctx
---@field log moonmill.ctx.log A line of the run's log; print does the same.
---@field http moonmill.ctx.http Requests; while one is out, other branches go on.
---@field vars table<string, any> The variables that the flow declares.
---@field key string An idempotency key: the same on every attempt and redelivery of this step.
---@field attempt integer Which attempt at the step this is, from 1.
---@field run moonmill.run_facts Which run this is.
---@field user any What the job says of its user, or nil.
---@field profile any What the job says of its user's profile, or nil.
---@field event any What the job says of its event, or nil.
---@field time moonmill.ctx.time Times as text.
---@field json moonmill.ctx.json JSON.
---@field base64 moonmill.ctx.base64 Base64 (RFC 4648).
---@field hex moonmill.ctx.hex Hexadecimal digits.
---@field url moonmill.ctx.url Parts of URLs.
---@field null moonmill.null The null of JSON. It is truthy: test with == ctx.null.
local ctx = {}

---How far the run is.
---@param percent number 0 to 100
---@param message? string what it is doing
function ctx.progress(percent, message) end

---Sends an output event now.
---@param value any
function ctx.output(value) end

---Sends a piece of a longer answer; the pieces arrive in order.
---@param value any
function ctx.chunk(value) end

---Sends an event of any type.
---@param type string as "toast"
---@param payload? any
function ctx.emit(type, payload) end

---Waits; other branches go on meanwhile.
---@param duration moonmill.duration "250ms", "10s", "5m"
function ctx.sleep(duration) end

---Raises an error, which retry and catch know by its code.
---@param code string dotted, of your own: "card.closed"
---@param message? string for people; the code unless given
---@param data? any for handlers: s.err.data
function ctx.fail(code, message, data) end

---A named sub-step of this task, recorded like a step; gives what f returned.
---@param name string an identifier; a second one of the name is called name:2
---@param f function
---@return any
function ctx.step(name, f) end

---A secret, which requests resolve and no script reads; join it with .. only.
---@param name string as the operator called it
---@return moonmill.secret
function ctx.secret(name) end

---Seconds left: for the step, or for the run when that is nearer.
---@return number
function ctx.deadline() end

---Unix time in seconds, with milliseconds behind the point.
---@return number
function ctx.now() end

---A random UUID.
---@return string
function ctx.uuid() end

---Chance: a float in [0, 1); or an integer from 1 to m, or from m to n.
---@param m? integer
---@param n? integer
---@return number
function ctx.random(m, n) end

---SHA-256 in hexadecimal digits.
---@param text string
---@return string
function ctx.sha256(text) end

---HMAC with SHA-256; a secret when the key or the text is one.
---@param key string
---@param text string
---@param form? moonmill.digest_form "hex" unless given
---@return string
---@overload fun(key: moonmill.secret, text: string|moonmill.secret, form?: moonmill.digest_form): moonmill.secret
---@overload fun(key: string|moonmill.secret, text: moonmill.secret, form?: moonmill.digest_form): moonmill.secret
function ctx.hmac_sha256(key, text, form) end

---Marks a table as an array of JSON, which matters when it is empty.
---@param table table
---@return table
function ctx.array(table) end

---Marks a table as an object of JSON, which matters when it is empty.
---@param table table
---@return table
function ctx.object(table) end

---What every step takes.
---@class moonmill.options
---@field retry? integer|moonmill.retry how often it is tried: retry = 4, or a table
---@field timeout? moonmill.duration how long one attempt may take
---@field catch? moonmill.handler|moonmill.handler[] when it failed: { on "http.404" { ... } }
---@field undo? fun(s: moonmill.state, ctx: moonmill.ctx) takes it back when the flow fails later
---@field when? moonmill.predicate false: it is skipped, and its result is nil
---@field input? moonmill.maker gives its own s.input
---@field output? fun(s: moonmill.state, result: any): any makes its result of what came out
---@field about? string shown in graphs

---What stands in the braces of a flow.
---@class moonmill.flow_body
---@field [integer] moonmill.step its steps
---@field input? table<string, moonmill.shape> what the payload must be: { name = "string" }
---@field input_schema? moonmill.schema the same by a subset of JSON Schema
---@field vars? table<string, moonmill.variable> variables: { limit = { default = 25 } }
---@field timeout? moonmill.duration how long the run may take
---@field entries? table<string, string> node ids that mean a step: { ["id"] = "step" }
---@field about? string shown in graphs

---A flow: a tree of named steps; the file returns it.
---@param name string
---@return fun(body: moonmill.flow_body): moonmill.flow
function flow(name) end

---Calls a function; what that returns is the step's result.
---@class moonmill.task: moonmill.options
---@field run moonmill.run what it does

---Calls a function; what that returns is the step's result.
---@param name string
---@return fun(body: moonmill.task|moonmill.run): moonmill.step
function task(name) end

---Steps in order, in a scope of their own; the result is the last one's.
---@class moonmill.seq: moonmill.options
---@field [integer] moonmill.step its steps

---Steps in order, in a scope of their own; the result is the last one's.
---@param name string
---@return fun(body: moonmill.seq): moonmill.step
function seq(name) end

---The first branch whose predicate holds; the result is that branch's.
---@class moonmill.choice: moonmill.options
---@field [integer] moonmill.branch when and otherwise

---The first branch whose predicate holds; the result is that branch's.
---@param name string
---@return fun(body: moonmill.choice): moonmill.step
function choice(name) end

---Steps side by side; the result is an object of theirs.
---@class moonmill.parallel: moonmill.options
---@field [integer] moonmill.step its steps
---@field max? integer so many are under way at most

---Steps side by side; the result is an object of theirs.
---@param name string
---@return fun(body: moonmill.parallel): moonmill.step
function parallel(name) end

---Steps once for each item, s.item; the result is a list as long as the items.
---@class moonmill.map: moonmill.options
---@field [integer] moonmill.step its steps
---@field over fun(s: moonmill.state): any[] gives the items
---@field max? integer so many items are under way at most: 16 unless given
---@field tolerate? integer|string so many items may fail: 3, or "10%"

---Steps once for each item, s.item; the result is a list as long as the items.
---@param name string
---@return fun(body: moonmill.map): moonmill.step
function map(name) end

---Steps again and again until done; the result is the last pass's.
---@class moonmill.loop: moonmill.options
---@field [integer] moonmill.step its steps
---@field done moonmill.predicate asked after each pass; true ends it
---@field max? integer more passes fail with limit.loop: 100 unless given

---Steps again and again until done; the result is the last pass's.
---@param name string
---@return fun(body: moonmill.loop): moonmill.step
function loop(name) end

---Does nothing for a while.
---@class moonmill.wait: moonmill.options
---@field delay moonmill.duration how long

---Does nothing for a while.
---@param name string
---@return fun(body: moonmill.wait|moonmill.duration): moonmill.step
function wait(name) end

---Another flow of the folder in the same run; the result is that flow's.
---@class moonmill.call: moonmill.options
---@field flow string its name, "other" or "other@1.4.2"

---Another flow of the folder in the same run; the result is that flow's.
---@param name string
---@return fun(body: moonmill.call): moonmill.step
function call(name) end

---A branch of a choice: taken when it is the first whose predicate holds.
---@param label string
---@param predicate moonmill.predicate
---@return fun(steps: moonmill.step[]): moonmill.branch
function when(label, predicate) end

---The branch of a choice that is taken when no other is.
---@param steps moonmill.step[]
---@return moonmill.branch
function otherwise(steps) end

---What runs when a step failed with such a code; s.err is the error.
---@param pattern string "card.closed", "http.5xx", "http.*" or "*"
---@return fun(steps: moonmill.step[]): moonmill.handler
function on(pattern) end

---What the outside world answers.
---@class moonmill.mock
---@field status? integer 200 unless given
---@field headers? table<string, string> by name
---@field json? any the body, as JSON
---@field body? string the body, as it is
---@field after? moonmill.duration how long it takes, on the run's clock
---@field error? string a failure of the network instead: "net.timeout"
---@field message? string what that failure says

---A request of the flow's.
---@class moonmill.mocked_request
---@field method string "GET"
---@field url string with its query; a secret shows as <secret:name>
---@field query? table<string, any> what the URL's query says
---@field headers table<string, string> by lower-case name
---@field body string as it was sent
---@field json any the value of a body that is JSON

---How a flow is run in a test.
---@class moonmill.test
---@field input? any the job's payload
---@field vars? table<string, any> variables that the message brings
---@field http? table<string, moonmill.mock|moonmill.mock[]|fun(request: moonmill.mocked_request): moonmill.mock> the answers to "METHOD https://..."; * at the end takes any rest
---@field clock? "skip"|"real" whether waits take time: skip unless given
---@field user? table ctx.user
---@field profile? any ctx.profile
---@field event? table ctx.event
---@field entry? string the step or alias to begin at
---@field stream_state? boolean the job asks for the events of each step
---@field timeout? moonmill.duration how long the run may take

---Something that a run sent.
---@class moonmill.event
---@field type string "log", "output", "toast"
---@field payload any what it says

---What a run came to.
---@class moonmill.result
---@field status "completed"|"failed" how it ended
---@field output any the flow's result
---@field error moonmill.error why it failed
---@field events table<integer, moonmill.event> what it sent, in order
---@field progress table<integer, table> what ctx.progress told
---@field calls table<integer, moonmill.mocked_request> the requests it made, in order
---@field waited_ms integer how long it took on its own clock

---Ends the test unless it holds.
---@class moonmill.assert
---@field equal fun(expected: any, actual: any, message?: string) the very same value
---@field same fun(expected: any, actual: any, message?: string) the same contents
---@field is_nil fun(value: any, message?: string) nil
---@field is_true fun(value: any, message?: string) true
---@field is_false fun(value: any, message?: string) false
---@field is_truthy fun(value: any, message?: string) neither nil nor false
---@field is_falsy fun(value: any, message?: string) nil or false
---@field matches fun(pattern: string, actual: any, message?: string) a pattern of Lua
---@field near fun(expected: number, actual: number, tolerance: number, message?: string) no further off
---@field has_error fun(f: function, error?: any, message?: string) f raises that
---@field error_matches fun(f: function, pattern: string) f raises what matches
---@field unique fun(list: table, deep?: boolean, message?: string) all are different
---@field [string] any joined by . or _: are_not.equal, is_string, has_no.errors
---@overload fun(value: any, message?: string): any
assert = {}

---Groups tests.
---@param name string
---@param body fun()
function describe(name, body) end

---A test.
---@param name string
---@param body fun()
function it(name, body) end

---A test that is not written yet.
---@param name string
---@param body? fun()
function pending(name, body) end

---Runs before each test of the group.
---@param body fun()
function before_each(body) end

---Runs after each test of the group.
---@param body fun()
function after_each(body) end

---Runs once, before the first test of the group.
---@param body fun()
function before_all(body) end

---Runs once, after the last test of the group.
---@param body fun()
function after_all(body) end

---Runs a flow of the folder to its end; waits and retries take no time.
---@param flow string its name
---@param options? moonmill.test
---@return moonmill.result
function run(flow, options) end
