/* Each case is an expression of Lua, so that what is tested is what the prelude gets. */
#include "codec.h"

#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const luaL_Reg functions[] = {
    {"b64", codec_base64_encode}, {"unb64", codec_base64_decode},
    {"hex", codec_hex_encode},    {"unhex", codec_hex_decode},
    {"sha256", codec_sha256},     {"hmac", codec_hmac_sha256},
    {"random", codec_random},     {NULL, NULL},
};

static int enter(void **state)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    for (const luaL_Reg *it = functions; it->name; it++)
        lua_register(L, it->name, it->func);
    *state = L;
    return 0;
}

static int leave(void **state)
{
    lua_close(*state);
    return 0;
}

/* What the expression is, as text. */
struct row {
    const char *expression;
    const char *is;
};

static void check(lua_State *L, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lua_pushfstring(L, "return %s", rows[i].expression);
        if (luaL_dostring(L, lua_tostring(L, -1)) != LUA_OK)
            fail_msg("%s: %s", rows[i].expression, lua_tostring(L, -1));
        lua_settop(L, 2); /* no value is nil */
        const char *got = luaL_tolstring(L, 2, NULL);
        if (strcmp(got, rows[i].is) != 0)
            fail_msg("%s is %s, wanted %s", rows[i].expression, got, rows[i].is);
        lua_settop(L, 0);
    }
}

#define CHECK(rows) check(*state, rows, sizeof rows / sizeof *(rows))

static void base64_is_that_of_rfc_4648(void **state)
{
    static const struct row rows[] = {
        {"b64('')", ""},
        {"b64('f')", "Zg=="},
        {"b64('fo')", "Zm8="},
        {"b64('foo')", "Zm9v"},
        {"b64('foob')", "Zm9vYg=="},
        {"b64('fooba')", "Zm9vYmE="},
        {"b64('foobar')", "Zm9vYmFy"},
        {"b64('\\0')", "AA=="},
        {"b64('\\xff\\xfe\\xfb')", "//77"},
        {"unb64('')", ""},
        {"unb64('Zg==')", "f"},
        {"unb64('Zm8=')", "fo"},
        {"unb64('Zm9v')", "foo"},
        {"unb64('Zm9vYg==')", "foob"},
        {"unb64('Zm9vYmE=')", "fooba"},
        {"unb64('Zm9vYmFy')", "foobar"},
        {"unb64('Zg')", "f"},
        {"unb64('Zm8')", "fo"},
        {"#unb64('AA==')", "1"},
        {"unb64('//77') == '\\xff\\xfe\\xfb'", "true"},
        {"unb64('__77') == '\\xff\\xfe\\xfb'", "true"},
        {"unb64('-_-_') == unb64('+/+/')", "true"},
    };
    CHECK(rows);
}

static void what_is_no_base64_is_nil(void **state)
{
    static const struct row rows[] = {
        {"unb64('=')", "nil"},        {"unb64('==')", "nil"},      {"unb64('===')", "nil"},
        {"unb64('Z')", "nil"},        {"unb64('Z===')", "nil"},    {"unb64('Zg=')", "nil"},
        {"unb64('Zg===')", "nil"},    {"unb64('Zm9v=')", "nil"},   {"unb64('Zm9v====')", "nil"},
        {"unb64('Zh==')", "nil"},     {"unb64('Zm9=')", "nil"},    {"unb64('Zg==Zg==')", "nil"},
        {"unb64(' Zg==')", "nil"},    {"unb64('Zg==\\n')", "nil"}, {"unb64('Zm9v Zm9v')", "nil"},
        {"unb64('Zm9\\0')", "nil"},   {"unb64('Zm.v')", "nil"},    {"unb64('Zm9v\\xe9AAA')", "nil"},
        {"unb64('Zm9vZm=v')", "nil"}, {"unb64('Zm9vZ')", "nil"},
    };
    CHECK(rows);
}

static void hex_is_lower_case_and_reads_both(void **state)
{
    static const struct row rows[] = {
        {"hex('')", ""},
        {"hex('\\0\\x01\\x7f\\x80\\xff')", "00017f80ff"},
        {"hex('foobar')", "666f6f626172"},
        {"unhex('')", ""},
        {"unhex('666f6f626172')", "foobar"},
        {"unhex('4A4b')", "JK"},
        {"unhex('00fF') == '\\0\\xff'", "true"},
        {"unhex('0')", "nil"},
        {"unhex('0g')", "nil"},
        {"unhex('g0')", "nil"},
        {"unhex('0x')", "nil"},
        {"unhex('66 6')", "nil"},
        {"unhex('6\\0')", "nil"},
        {"unhex('@A')", "nil"},
        {"unhex('\\xe9\\xe9')", "nil"},
    };
    CHECK(rows);
}

/* FIPS 180-2, appendix B, and the empty text. */
static void sha256_is_that_of_fips_180(void **state)
{
    static const struct row rows[] = {
        {"hex(sha256(''))", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"hex(sha256('abc'))", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"hex(sha256('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'))",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"hex(sha256(('a'):rep(1000000)))",
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    CHECK(rows);
}

/* RFC 4231; the fifth case is one of a truncated output. */
static void hmac_sha256_is_that_of_rfc_4231(void **state)
{
    static const struct row rows[] = {
        {"hex(hmac(('\\x0b'):rep(20), 'Hi There'))",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"hex(hmac('Jefe', 'what do ya want for nothing?'))",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"hex(hmac(('\\xaa'):rep(20), ('\\xdd'):rep(50)))",
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {"hex(hmac(unhex('0102030405060708090a0b0c0d0e0f10111213141516171819'), "
         "('\\xcd'):rep(50)))",
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {"hex(hmac(('\\x0c'):rep(20), 'Test With Truncation')):sub(1, 32)",
         "a3b6167473100ee06e0c796c2955552b"},
        {"hex(hmac(('\\xaa'):rep(131), 'Test Using Larger Than Block-Size Key - Hash Key First'))",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {"hex(hmac(('\\xaa'):rep(131), 'This is a test using a larger than block-size key and a "
         "larger than block-size data. The key needs to be hashed before being used by the HMAC "
         "algorithm.'))",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
        {"hex(hmac('', ''))", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    CHECK(rows);
}

static void large_inputs_come_back_as_they_were(void **state)
{
    static const struct row rows[] = {
        {"(function() local all = {} for i = 0, 255 do all[i + 1] = string.char(i) end "
         "big = table.concat(all):rep(4096) return #big end)()",
         "1048576"},
        {"unb64(b64(big)) == big", "true"},
        {"#b64(big)", "1398104"},
        {"unb64(b64(big .. 'x')) == big .. 'x'", "true"},
        {"unhex(hex(big)) == big", "true"},
        {"#hex(big)", "2097152"},
        {"#sha256(big)", "32"},
        {"#hmac(big, big)", "32"},
        {"hmac(big, 'x') == hmac(sha256(big), 'x')", "true"},
        {"unb64(('A'):rep(1048577))", "nil"},
        {"unhex(('0'):rep(1048577))", "nil"},
    };
    CHECK(rows);
}

static void what_is_no_argument_raises(void **state)
{
    static const struct row rows[] = {
        {"pcall(b64)", "false"},
        {"pcall(unb64, nil)", "false"},
        {"pcall(hex, {})", "false"},
        {"pcall(unhex, true)", "false"},
        {"pcall(sha256)", "false"},
        {"pcall(hmac, 'key')", "false"},
        {"pcall(hmac, nil, 'x')", "false"},
        {"pcall(hmac, ('k'):rep(1048577), 'x')", "false"},
        {"pcall(random)", "false"},
        {"pcall(random, 0)", "false"},
        {"pcall(random, -1)", "false"},
        {"pcall(random, 257)", "false"},
        {"pcall(random, 1.5)", "false"},
        {"pcall(random, math.mininteger)", "false"},
    };
    CHECK(rows);
}

static void random_bytes_are_as_many_as_asked_for_and_never_the_same(void **state)
{
    static const struct row rows[] = {
        {"#random(1)", "1"},
        {"#random(256)", "256"},
        {"random(16) == random(16)", "false"},
        {"(function() local seen, n = {}, 0 for c in (random(256) .. random(256)):gmatch('.') do "
         "if not seen[c] then seen[c] = true n = n + 1 end end return n > 100 end)()",
         "true"},
    };
    CHECK(rows);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(base64_is_that_of_rfc_4648),
        TEST(what_is_no_base64_is_nil),
        TEST(hex_is_lower_case_and_reads_both),
        TEST(sha256_is_that_of_fips_180),
        TEST(hmac_sha256_is_that_of_rfc_4231),
        TEST(large_inputs_come_back_as_they_were),
        TEST(what_is_no_argument_raises),
        TEST(random_bytes_are_as_many_as_asked_for_and_never_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
