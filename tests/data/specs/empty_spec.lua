-- No test is in here.
describe("empty", function() end)
