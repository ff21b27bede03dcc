-- samples: gives its payload back; index.json sends the boards of tests/data here.
-- entries: the start nodes of those jobs; all of them begin at the one step.
return flow "samples" {
    about = "echoes the payload of the sample jobs",
    entries = {
        ["obykfvtz0skd733bq8ci0j0h"] = "echo",
        ["mgeteriuyn0xj6ga3b8uwujt"] = "echo",
        ["ygp1ymfs5psl2nt2st97nimi"] = "echo",
        ["r03y0djif5d93yvxc864zw69"] = "echo",
        ["o74wtsrw1p45mcgay7mmxps7"] = "echo",
        ["lixcdy5qbqeya6phvxp1s6bv"] = "echo",
        ["q6qpa9t7w953pn5dxzbv67nl"] = "echo",
        ["u5kjomtfwh15ptfs5h3lyqpj"] = "echo",
        ["yp7s2vt2617wrbfmjmwrlc75"] = "echo",
        ["akl71t8bpcr0q69ja193xeid"] = "echo",
        ["snhsfy5pcrqv0xz1x63zn6w6"] = "echo",
        ["gciqxqjcunstlgmcc5qm9v3v"] = "echo",
        ["yut0r34kjdsln3sb2mg2sta6"] = "echo",
        ["jk1dawtmfcr0n3nylle25ic4"] = "echo",
        ["of5t1xidszuei1cwqr2fwi4k"] = "echo",
        ["q71fs6qtuiryg51u2jk70qsg"] = "echo",
        ["rrhf4jqe0tnx6tgh7novlk5h"] = "echo",
        ["a4fn1iapk32x59o52ah2s3v9"] = "echo",
    },

    task "echo" (function(s, ctx)
        ctx.log("echo")
        return s.input
    end),
}
