#include "runner/datasets/download.h"

#include "compute/core/durable.h"
#include "compute/core/print.h"
#include "compute/core/text.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    MOST_REDIRECTS = 5,
    CONNECT_SECONDS = 30,
    SLOW_SECONDS = 60,
    SLOW_BYTES = 1000,
    MOST_HEAD = 1 << 16 /* bytes of all header lines, of redirects too */
};

typedef struct transfer {
    int file;
    int write_error;     /* errno, or 0 */
    uint64_t most, body; /* bytes allowed, and received */
    size_t head;         /* bytes of header lines */
    bool is_shown;
    const volatile sig_atomic_t *stop;
} transfer;

static size_t keep(char *bytes, size_t one, size_t n, void *to)
{
    transfer *t = to;
    t->body += one * n;
    if (t->body > t->most) return 0;
    if (tl_durable_write(t->file, bytes, one * n)) return one * n;
    t->write_error = errno;
    return 0;
}

/* Header lines are not kept; a server must not send them without end. */
static size_t count_head(char *bytes, size_t one, size_t n, void *to)
{
    (void)bytes;
    transfer *t = to;
    t->head += one * n;
    return t->head > MOST_HEAD ? 0 : one * n;
}

static int watch(void *of, curl_off_t total, curl_off_t now, curl_off_t up_total,
                 curl_off_t up_now)
{
    (void)up_total;
    (void)up_now;
    transfer *t = of;
    if (t->is_shown && now > 0) {
        char have[32], all[32];
        tl_print(stderr, "\rfetched %s of %s   ", tl_text_size((double)now, have),
                 total > 0 ? tl_text_size((double)total, all) : "?");
    }
    return *t->stop != 0;
}

/* Only http and https, and from https only https. */
static CURLcode limit_protocols(CURL *curl, bool is_safe)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    const CURLcode code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    return code ? code
                : curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR,
                                   is_safe ? "https" : "http,https");
#else
    const long both = CURLPROTO_HTTP | CURLPROTO_HTTPS;
    const CURLcode code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS, both);
    return code ? code
                : curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS,
                                   is_safe ? (long)CURLPROTO_HTTPS : both);
#endif
}

/* Sets all options. \return the error of the first that libcurl refuses */
static CURLcode prepare(CURL *curl, const char *url, transfer *t, char *text)
{
    static const struct {
        CURLoption option;
        long value;
    } numbers[] = {{CURLOPT_NOSIGNAL, 1},
                   {CURLOPT_FAILONERROR, 1},
                   {CURLOPT_FOLLOWLOCATION, 1},
                   {CURLOPT_NOPROGRESS, 0},
                   {CURLOPT_MAXREDIRS, MOST_REDIRECTS},
                   {CURLOPT_SSL_VERIFYPEER, 1},
                   {CURLOPT_SSL_VERIFYHOST, 2},
                   {CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS},
                   {CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS},
                   {CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES}};
    CURLcode code = limit_protocols(curl, strncmp(url, "https:", 6) == 0);
    for (size_t i = 0; !code && i < sizeof numbers / sizeof *numbers; i++)
        code = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
    if (!code)
        code = curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->most);
    if (!code) code = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, count_head);
    if (!code) code = curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    if (!code) code = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
    if (!code) code = curl_easy_setopt(curl, CURLOPT_URL, url);
    if (!code) code = curl_easy_setopt(curl, CURLOPT_USERAGENT, "threatloop/" TL_VERSION);
    if (!code) code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    if (!code) code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    if (!code) code = curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
    if (!code) code = curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    return code;
}

tl_status tl_download(const char *url, int file, uint64_t most,
                      const volatile sig_atomic_t *stop, tl_err *err)
{
    char text[CURL_ERROR_SIZE] = "";
    transfer t = {
        .file = file, .most = most, .stop = stop, .is_shown = isatty(STDERR_FILENO) == 1};
    TL_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, err, TL_E_IO,
             "libcurl cannot be started");
    CURL *curl = curl_easy_init();
    CURLcode code = curl ? prepare(curl, url, &t, text) : CURLE_FAILED_INIT;
    if (!code) code = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    if (t.is_shown) tl_print(stderr, "\r\033[K");
    TL_CHECK(*stop == 0, err, TL_E_STOP, "%s: stopped by a signal", url);
    char size[32];
    TL_CHECK(code != CURLE_FILESIZE_EXCEEDED && t.body <= most, err, TL_E_IO,
             "%s: the server has more than the %s that are allowed; --max-size allows more",
             url, tl_text_size((double)most, size));
    TL_CHECK(t.head <= MOST_HEAD, err, TL_E_IO,
             "%s: the server sends more than %d bytes of headers", url, MOST_HEAD);
    TL_CHECK(t.write_error == 0, err, TL_E_IO, "%s: the download cannot be written: %s",
             url, strerror(t.write_error));
    TL_CHECK(code == CURLE_OK, err, TL_E_IO, "%s: %s", url,
             *text ? text : curl_easy_strerror(code));
    return TL_OK;
}

const char *tl_download_version(void)
{
    return curl_version();
}
