describe("broken", function()
    it("a" function() end)
end)
