-- expect: global.unknown line 3 saying "unknown global 'ctx'"
-- ctx is not there while the flow loads.
ctx.http.get("https://a.test/")
