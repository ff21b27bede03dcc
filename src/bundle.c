#include "bundle.h"

#include "hash.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#define BEGIN  "-----BEGIN "
#define DASHES "-----"

/* --- DER ---------------------------------------------------------------------------------------
 */

struct element {
    int tag;
    struct span contents;
};

/* The element at the start of rest, which is moved behind it; false when there is none whole. */
static bool take(struct span *rest, struct element *element)
{
    const unsigned char *at = (const unsigned char *)rest->at, *start = at;
    long len;
    int class;
    if (rest->len == 0 || ASN1_get_object(&at, &len, &element->tag, &class, (long)rest->len) & 0x80)
        return false;
    element->contents = (struct span){(const char *)at, (size_t)len};
    size_t whole = (size_t)(at - start) + (size_t)len;
    *rest = (struct span){rest->at + whole, rest->len - whole};
    return true;
}

/* RFC 5280 4.1: version, serial number, signature, issuer, validity, subject. */
static bool find_subject(struct span der, struct span *subject)
{
    struct element element;
    struct span rest = der;
    for (int depth = 0; depth < 2; depth++) {
        if (!take(&rest, &element))
            return false;
        rest = element.contents;
    }
    for (int left = 4; left > 0; left--) {
        if (!take(&rest, &element))
            return false;
        left += element.tag == 0; /* the version, which may be left out */
    }
    const char *start = rest.at;
    if (!take(&rest, &element) || element.tag != V_ASN1_SEQUENCE)
        return false;
    *subject = (struct span){start, (size_t)(rest.at - start)};
    return true;
}

/* --- names -------------------------------------------------------------------------------------
 */

static bool is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What all spellings of a value have in common: its ASCII letters in one case, without spaces. */
static uint64_t mix_value(uint64_t hash, struct span value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if (c < 0x80 && !is_space(c))
            hash = hash_add(hash, c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return hash;
}

/* Of SEQUENCE { type, value }; 0 when the value's letters are wider than a byte, or nothing fits.
 */
static uint64_t print_of_attribute(struct span attribute)
{
    struct element type, value;
    uint64_t hash = HASH_EMPTY;
    if (!take(&attribute, &type) || !take(&attribute, &value) || value.tag == V_ASN1_BMPSTRING ||
        value.tag == V_ASN1_UNIVERSALSTRING)
        return 0;
    for (size_t i = 0; i < type.contents.len; i++)
        hash = hash_add(hash, (unsigned char)type.contents.at[i]);
    return mix_value(hash, value.contents);
}

/* Sums, for a set has no order. */
uint64_t bundle_print(struct span name)
{
    struct element names, set, attribute;
    uint64_t sum = 1;
    if (!take(&name, &names))
        return 0;
    while (take(&names.contents, &set)) {
        while (take(&set.contents, &attribute)) {
            uint64_t print = print_of_attribute(attribute.contents);
            if (print == 0)
                return 0;
            sum += print;
        }
    }
    return sum;
}

/* --- PEM ---------------------------------------------------------------------------------------
 */

static const char *find(struct span text, const char *mark)
{
    return text.len ? memmem(text.at, text.len, mark, strlen(mark)) : NULL;
}

static struct span from(struct span text, const char *at)
{
    return (struct span){at, text.len - (size_t)(at - text.at)};
}

/* The digits between the lines BEGIN and END; text is moved to the latter. False: there are none.
 */
static bool next_block(struct span *text, struct span *digits)
{
    const char *begin = find(*text, BEGIN);
    const char *line = begin ? memchr(begin, '\n', from(*text, begin).len) : NULL;
    const char *end = line ? find(from(*text, line), DASHES) : NULL;
    if (!end)
        return false;
    *digits = (struct span){line, (size_t)(end - line)};
    *text = from(*text, end);
    return true;
}

/* out has room for the digits; the bytes that they stand for, or none. */
static struct span decode(struct span digits, char *out)
{
    size_t len = 0, padding = 0;
    for (size_t i = 0; i < digits.len; i++)
        if (!is_space((unsigned char)digits.at[i]))
            out[len++] = digits.at[i];
    while (padding < 2 && padding < len && out[len - 1 - padding] == '=')
        padding++;
    int got = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)out, (int)len);
    return (struct span){out, got > 0 ? (size_t)got - padding : 0};
}

void bundle_read(struct bundle *bundle, struct span text)
{
    struct span digits;
    char *out = mem_new(text.len + 1);
    *bundle = (struct bundle){.bytes = out};
    ERR_set_mark(); /* what is no DER leaves errors behind */
    while (next_block(&text, &digits)) {
        struct certificate made = {.der = decode(digits, out)};
        if (!find_subject(made.der, &made.subject))
            continue;
        made.print = bundle_print(made.subject);
        out += made.der.len;
        bundle->list = mem_resize(bundle->list, bundle->count + 1, sizeof *bundle->list);
        bundle->list[bundle->count++] = made;
    }
    ERR_pop_to_mark();
}

void bundle_release(struct bundle *bundle)
{
    mem_free(bundle->list);
    mem_free(bundle->bytes);
    *bundle = (struct bundle){0};
}
