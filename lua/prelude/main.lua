-- main: the prelude's one entry.
return {}
