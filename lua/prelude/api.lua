-- api: every function of ctx with its arguments and its result, and the tables that they take.
-- "(name: type, name?: type): type"; the types are signature.lua's, which checks calls by this.
-- What each is for says lua/developer/api_docs.lua; the editor's annotations are made of both.
local api = {}

local REQUEST = "(url: text, options?: http_options): http_reply"

api.functions = {
    ["ctx.log"] = "(message: any, level?: level)",
    ["ctx.log.debug"] = "(message: any)",
    ["ctx.log.info"] = "(message: any)",
    ["ctx.log.warn"] = "(message: any)",
    ["ctx.log.error"] = "(message: any)",
    ["ctx.progress"] = "(percent: percent, message?: string)",
    ["ctx.output"] = "(value: any)",
    ["ctx.chunk"] = "(value: any)",
    ["ctx.emit"] = "(type: event_type, payload?: any)",
    ["ctx.http.get"] = REQUEST,
    ["ctx.http.post"] = REQUEST,
    ["ctx.http.put"] = REQUEST,
    ["ctx.http.patch"] = REQUEST,
    ["ctx.http.delete"] = REQUEST,
    ["ctx.http.request"] = REQUEST,
    ["ctx.sleep"] = "(duration: duration)",
    ["ctx.fail"] = "(code: code, message?: string, data?: any): never",
    ["ctx.step"] = "(name: identifier, f: function): any",
    ["ctx.secret"] = "(name: string): secret",
    ["ctx.deadline"] = "(): number",
    ["ctx.now"] = "(): number",
    ["ctx.time.iso"] = "(time?: unix_time): string",
    ["ctx.time.parse"] = "(text: string): number",
    ["ctx.uuid"] = "(): string",
    ["ctx.random"] = "(m?: integer, n?: integer): number",
    ["ctx.json.encode"] = "(value: any): string",
    ["ctx.json.decode"] = "(text: string): any",
    ["ctx.base64.encode"] = "(text: text): text",
    ["ctx.base64.decode"] = "(text: string): string",
    ["ctx.hex.encode"] = "(text: text): text",
    ["ctx.hex.decode"] = "(text: string): string",
    ["ctx.url.encode"] = "(text: text): text",
    ["ctx.sha256"] = "(text: string): string",
    ["ctx.hmac_sha256"] = "(key: text, text: text, form?: digest_form): text",
    ["ctx.array"] = "(table: table): table",
    ["ctx.object"] = "(table: table): table",
}

-- Each may be left out.
api.http_options = {
    headers = "table", query = "table", json = "any", body = "text", timeout = "duration",
    expect = "statuses", method = "string",
}

return api
