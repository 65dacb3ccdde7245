/*
 * Prints what tl_yaml_read makes of each file named: a line for the file, and below it a
 * line for every node, in order: its depth, kind, and text in hexadecimal; of a map's
 * children the key first. A document that is refused is one line with the reason.
 * yaml_scalars.py compares.
 */
#include "runner/plan/yaml.h"

#include <stdio.h>
#include <stdlib.h>

static void put_text(int depth, char kind, const char *text)
{
    (void)printf("%d %c ", depth, kind);
    for (const char *c = text; *c; c++) (void)printf("%02x", (unsigned char)*c);
    (void)printf("\n");
}

static void put_node(int depth, const tl_yaml *node)
{
    if (node->kind == TL_YAML_SCALAR) {
        put_text(depth, 's', node->text);
        return;
    }
    put_text(depth, node->kind == TL_YAML_MAP ? 'm' : 'l', "");
    for (const tl_yaml *child = node->first; child; child = child->next) {
        if (child->key) put_text(depth + 1, 'k', child->key->text);
        put_node(depth + 1, child);
    }
}

int main(int argc, char **argv)
{
    char *text = malloc(TL_YAML_BYTES);
    if (!text) return 1;
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) return 1;
        const size_t n = fread(text, 1, TL_YAML_BYTES, file);
        (void)fclose(file);
        tl_arena arena = tl_arena_open(0);
        tl_yaml *root;
        tl_err err;
        (void)printf("%s\n", argv[i]);
        if (tl_yaml_read("", text, n, &arena, &root, &err) == TL_OK)
            put_node(0, root);
        else
            (void)printf("refused %s\n", err.text);
        tl_arena_close(&arena);
    }
    free(text);
    return 0;
}
