-- expect: global.unknown line 3
-- ctx is not there while the flow loads.
ctx.http.get("https://a.test/")
