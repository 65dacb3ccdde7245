/*
 * The reader of result files without the NetCDF library: its calls are answered here, from
 * the input, by a file that no library would write. So what is fuzzed is our own code and
 * not HDF5. Of what is read, effects are estimated and printed.
 */
#include "analysis/effect/effects.h"
#include "analysis/table/result_file.h"
#include "analysis/report/summary.h"
#include "analysis/table/table_print.h"
#include "tests/fuzz/fuzz.h"

#include <netcdf.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_DIMS = 4,
    MOST_VARS = 24,
    MOST_ATTRS = 12,
    ROOT = 1,
    GROUP = 2,
    MOST_TRIALS = 1000
};

typedef struct attribute {
    const char *name;
    nc_type type;
    size_t length;
    fuzz_bytes value;
} attribute;

typedef struct variable {
    char name[40];
    nc_type type;
    int rank, dim[MOST_DIMS], attributes;
    attribute attribute[MOST_ATTRS];
    fuzz_bytes value;
} variable;

/* The file that is open. */
static struct {
    int dims, variables, groups, attributes;
    size_t length[MOST_DIMS];
    attribute attribute[MOST_ATTRS];
    variable variable[MOST_VARS];
    unsigned failing; /* the call that fails, counted from 1; 0: none */
    unsigned calls;
} file;

static bool fails(void)
{
    return ++file.calls == file.failing;
}

static size_t take_length(fuzz_bytes *from)
{
    static const size_t odd[] = {0,        1,        1u << 20, (size_t)1 << 27,
                                 1u << 31, SIZE_MAX, 65536,    65537};
    const unsigned kind = fuzz_byte(from);
    return kind < 0xf0 ? kind % 24 : odd[kind % 8];
}

static attribute take_attribute(fuzz_bytes *from)
{
    static const char *const name[] = {
        "units",         "long_name",   "factor",    "within",
        "zip",           "source",      "reference", "downstream_of",
        "flag_meanings", "coordinates", "better",    "_Encoding",
        "hypotheses",    "valid_range", "flow",      "role"};
    const unsigned which = fuzz_byte(from);
    attribute out = {.name = name[which % 16], .type = NC_CHAR};
    if (which >= 0xe0) out.type = which & 1 ? NC_DOUBLE : NC_STRING;
    out.value = fuzz_piece(from, fuzz_byte(from));
    out.length = out.value.left;
    if (which >= 0xf0) out.length = take_length(from);
    return out;
}

static variable take_variable(fuzz_bytes *from)
{
    static const char *const name[] = {"replicate", "poison", "rate",  "auc",
                                       "auc_n",     "status", "model", "auc_reason"};
    static const nc_type type[] = {NC_INT, NC_CHAR, NC_DOUBLE, NC_BYTE, NC_STRING};
    const unsigned which = fuzz_byte(from);
    variable out = {.type = type[fuzz_byte(from) % 5]};
    (void)snprintf(out.name, sizeof out.name, "%s%s", name[which % 8],
                   which >= 0x80 ? "2" : "");
    const unsigned shape = fuzz_byte(from);
    out.rank = shape < 0xe0 ? 1 + (out.type == NC_CHAR) : (int)(shape % MOST_DIMS);
    for (int d = 1; d < out.rank; d++) out.dim[d] = (int)(fuzz_byte(from) % MOST_DIMS);
    out.attributes = (int)(fuzz_byte(from) % MOST_ATTRS);
    for (int i = 0; i < out.attributes; i++) out.attribute[i] = take_attribute(from);
    out.value = fuzz_measured(from);
    return out;
}

static void take_file(fuzz_bytes from)
{
    memset(&file, 0, sizeof file);
    const unsigned how = fuzz_byte(&from);
    file.groups = how & 3;
    file.failing = how & 4 ? fuzz_byte(&from) : 0;
    file.dims = (int)(fuzz_byte(&from) % (MOST_DIMS + 1));
    for (int d = 0; d < MOST_DIMS; d++) file.length[d] = take_length(&from);
    file.attributes = (int)(fuzz_byte(&from) % MOST_ATTRS);
    for (int i = 0; i < file.attributes; i++) file.attribute[i] = take_attribute(&from);
    file.variables = (int)(fuzz_byte(&from) % (MOST_VARS + 1));
    for (int v = 0; v < file.variables; v++) file.variable[v] = take_variable(&from);
}

/* Fills `n` bytes from a value, over and over. */
static void spread(fuzz_bytes value, void *to, size_t n)
{
    uint8_t *out = to;
    for (size_t i = 0; i < n; i++) out[i] = value.left ? value.at[i % value.left] : 0;
}

static const attribute *attribute_at(int var, int i)
{
    const bool is_global = var == NC_GLOBAL;
    if (!is_global && (var < 0 || var >= file.variables)) return NULL;
    const int count = is_global ? file.attributes : file.variable[var].attributes;
    if (i < 0 || i >= count) return NULL;
    return is_global ? &file.attribute[i] : &file.variable[var].attribute[i];
}

static const attribute *attribute_named(int var, const char *name, int *number)
{
    const attribute *one;
    for (int i = 0; (one = attribute_at(var, i)) != NULL; i++) {
        if (number) *number = i;
        if (strcmp(one->name, name) == 0) return one;
    }
    return NULL;
}

/* The elements of a variable, or SIZE_MAX beyond what a library would read. */
static size_t elements(int var)
{
    size_t count = 1;
    for (int d = 0; d < file.variable[var].rank; d++) {
        const size_t length = file.length[file.variable[var].dim[d]];
        if (length > 0 && count > ((size_t)1 << 32) / length) return SIZE_MAX;
        count *= length;
    }
    return count;
}

/* ---- the calls that analysis/table/result_read.c makes
 * ------------------------------------- */

int nc_open(const char *path, int mode, int *id)
{
    (void)path;
    (void)mode;
    *id = ROOT;
    return fails() ? NC_EHDFERR : NC_NOERR;
}

int nc_close(int id)
{
    (void)id;
    return NC_NOERR;
}

const char *nc_strerror(int code)
{
    return code == NC_NOERR ? "no error" : "an error";
}

int nc_inq_nvars(int id, int *count)
{
    *count = id == ROOT && file.groups == 1 ? 0 : file.variables;
    return fails() ? NC_EHDFERR : NC_NOERR;
}

int nc_inq_grps(int id, int *count, int *list)
{
    (void)id;
    if (count) *count = file.groups;
    if (list) *list = GROUP;
    return fails() ? NC_EHDFERR : NC_NOERR;
}

int nc_inq_grpname(int id, char *name)
{
    (void)id;
    (void)strcpy(name, "effects");
    return fails() ? NC_EHDFERR : NC_NOERR;
}

int nc_inq(int id, int *dims, int *variables, int *attributes, int *unlimited)
{
    (void)id;
    (void)attributes;
    (void)unlimited;
    *dims = file.dims;
    *variables = file.variables;
    return fails() ? NC_EHDFERR : NC_NOERR;
}

int nc_inq_dim(int id, int dim, char *name, size_t *length)
{
    (void)id;
    (void)strcpy(name, "trial");
    *length = file.length[dim];
    return fails() ? NC_EHDFERR : NC_NOERR;
}

int nc_inq_dimlen(int id, int dim, size_t *length)
{
    (void)id;
    *length = file.length[dim];
    return fails() ? NC_EHDFERR : NC_NOERR;
}

int nc_inq_natts(int id, int *count)
{
    (void)id;
    *count = file.attributes;
    return fails() ? NC_EHDFERR : NC_NOERR;
}

int nc_inq_varnatts(int id, int var, int *count)
{
    (void)id;
    *count = var == NC_GLOBAL ? file.attributes : file.variable[var].attributes;
    return fails() ? NC_EHDFERR : NC_NOERR;
}

int nc_inq_attname(int id, int var, int number, char *name)
{
    (void)id;
    const attribute *one = attribute_at(var, number);
    if (!one || fails()) return NC_ENOTATT;
    (void)strcpy(name, one->name);
    return NC_NOERR;
}

int nc_inq_attid(int id, int var, const char *name, int *number)
{
    (void)id;
    return attribute_named(var, name, number) && !fails() ? NC_NOERR : NC_ENOTATT;
}

int nc_inq_att(int id, int var, const char *name, nc_type *type, size_t *length)
{
    (void)id;
    const attribute *one = attribute_named(var, name, NULL);
    if (!one || fails()) return NC_ENOTATT;
    *type = one->type;
    *length = one->length;
    return NC_NOERR;
}

int nc_get_att_text(int id, int var, const char *name, char *text)
{
    (void)id;
    const attribute *one = attribute_named(var, name, NULL);
    if (!one || one->type != NC_CHAR || fails()) return NC_ECHAR;
    spread(one->value, text, one->length);
    return NC_NOERR;
}

int nc_get_att_double(int id, int var, const char *name, double *value)
{
    (void)id;
    const attribute *one = attribute_named(var, name, NULL);
    if (!one || one->type != NC_DOUBLE || fails()) return NC_ECHAR;
    spread(one->value, value, one->length * sizeof *value);
    return NC_NOERR;
}

int nc_inq_var(int id, int var, char *name, nc_type *type, int *rank, int *dim,
               int *attributes)
{
    (void)id;
    (void)attributes;
    const variable *one = &file.variable[var];
    (void)strcpy(name, one->name);
    *type = one->type;
    *rank = one->rank;
    memcpy(dim, one->dim, sizeof one->dim);
    return fails() ? NC_EHDFERR : NC_NOERR;
}

static int get(int var, void *to, size_t item)
{
    const size_t count = elements(var);
    if (count == SIZE_MAX || fails()) return NC_EHDFERR;
    spread(file.variable[var].value, to, count * item);
    return NC_NOERR;
}

int nc_get_var_text(int id, int var, char *to)
{
    (void)id;
    return get(var, to, 1);
}

int nc_get_var_int(int id, int var, int *to)
{
    (void)id;
    return get(var, to, sizeof *to);
}

int nc_get_var_double(int id, int var, double *to)
{
    (void)id;
    return get(var, to, sizeof *to);
}

/* ---- the target ---------------------------------------------------------------------- */

static tl_status estimate(const tl_table *table, FILE *sink, tl_arena *arena, tl_err *err)
{
    tl_effects *effects;
    tl_table *rows;
    tl_table_csv(sink, table, (tl_csv_form){',', '.'});
    tl_summary_table(sink, table);
    TL_TRY(tl_effects_estimate(table, arena, &effects, err));
    const tl_findings found = {
        .file = "input.nc", .table = table, .effects = effects, .arena = arena};
    for (int utf8 = 0; utf8 < 2; utf8++) {
        const tl_screen screen = {.columns = utf8 ? 80 : 20, .has_utf8 = utf8};
        tl_summary_print(sink, &found, &screen);
    }
    (void)tl_summary_claims(sink, effects);
    TL_TRY(tl_effects_table(effects, arena, &rows, err));
    tl_table_json(sink, rows);
    return TL_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static FILE *sink;
    if (!sink) sink = fopen("/dev/null", "w");
    take_file((fuzz_bytes){bytes, n});
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_table *table, *both;
    tl_err err;
    if (tl_result_load(fuzz_file("input.nc", bytes, n), &arena, &table, &err) == TL_OK) {
        const tl_table *pair[] = {table, table};
        tl_status status = tl_table_pool(pair, 1 + (int)(n % 2), &arena, &both, &err);
        if (table->trials <= MOST_TRIALS) status = estimate(table, sink, &arena, &err);
        TL_INVARIANT(status == TL_OK || err.text[0] != '\0');
    }
    tl_arena_close(&arena);
    return 0;
}
