#include "compute/data/medmnist.h"

#include <stdio.h>
#include <string.h>

#define SET(name, about, licence, task, dimensions, channels, classes, train, validation, \
            test, ...)                                                                    \
    {                                                                                     \
        name, about, licence, TL_MEDMNIST_##task, (dimensions) == 3, channels, classes,   \
            {train, validation, test},                                                    \
        {                                                                                 \
            __VA_ARGS__                                                                   \
        }                                                                                 \
    }

/* Facts from medmnist/info.py of MedMNIST 3.0.2. */
static const tl_medmnist sets[] = {
    SET("pathmnist", "colon pathology", "CC BY 4.0", CLASSES, 2, 3, 9, 89996, 10004, 7180,
        "a8b06965200029087d5bd730944a56c1", "55aa9c1e0525abe5a6b9d8343a507616",
        "ac42d08fb904d92c244187169d1fd1d9", "2c51a510bcdc9cf8ddb2af93af1eadec"),
    SET("chestmnist", "chest X-ray, 14 findings", "CC BY 4.0", LABELS, 2, 1, 14, 78468,
        11219, 22433, "02c8a6516a18b556561a56cbdd36c4a8",
        "9de6cd0b934ebb5b7426cfba5efbae16", "db107e5590b27930b62dbaf558aebee3",
        "45bd33e6f06c3e8cdb481c74a89152aa"),
    SET("dermamnist", "dermatoscope", "CC BY-NC 4.0", CLASSES, 2, 3, 7, 7007, 1003, 2005,
        "0744692d530f8e62ec473284d019b0c7", "b70a2f5635c6199aeaa28c31d7202e1f",
        "2defd784463fa5243564e855ed717de1", "8974907d8e169bef5f5b96bc506ae45d"),
    SET("octmnist", "retinal OCT", "CC BY 4.0", CLASSES, 2, 1, 4, 97477, 10832, 1000,
        "c68d92d5b585d8d81f7112f81e2d0842", "e229e9440236b774d9f0dfef9d07bdaf",
        "0a97e76651ace45c5d943ee3f65b63ae", "abc493b6d529d5de7569faaef2773ba3"),
    SET("pneumoniamnist", "chest X-ray", "CC BY 4.0", BINARY, 2, 1, 2, 4708, 524, 624,
        "28209eda62fecd6e6a2d98b1501bb15f", "8f4eceb4ccffa70c672198ea285246c6",
        "05b46931834c231683c68f40c47b2971", "d6a3c71de1b945ea11211b03746c1fe1"),
    SET("retinamnist", "fundus camera", "CC BY 4.0", ORDINAL, 2, 3, 5, 1080, 120, 400,
        "bd4c0672f1bba3e3a89f0e4e876791e4", "afda852cc34dcda56f86ad2b2457dbcc",
        "e48e916a24454daf90583d4e6efb1a18", "eae7e3b6f3fcbda4ae613ebdcbe35348"),
    SET("breastmnist", "breast ultrasound", "CC BY 4.0", BINARY, 2, 1, 2, 546, 78, 156,
        "750601b1f35ba3300ea97c75c52ff8f6", "742edef2a1fd1524b2efff4bd7ba9364",
        "363e4b3f8d712e9b5de15470a2aaadf1", "b56378a6eefa9fed602bb16d192d4c8b"),
    SET("bloodmnist", "blood cell microscope", "CC BY 4.0", CLASSES, 2, 3, 8, 11959, 1712,
        3421, "7053d0359d879ad8a5505303e11de1dc", "2b94928a2ae4916078ca51e05b6b800b",
        "adace1e0ed228fccda1f39692059dd4c", "b718ff6835fcbdb22ba9eacccd7b2601"),
    SET("tissuemnist", "kidney cortex microscope", "CC BY 4.0", CLASSES, 2, 1, 8, 165466,
        23640, 47280, "ebe78ee8b05294063de985d821c1c34b",
        "123ece2eba09d0aa5d698fda57103344", "61b955355d7425a89687b06cca3ce0c2",
        "b077128c4a949f0a4eb01517f9037b9c"),
    SET("organamnist", "abdominal CT, axial", "CC BY 4.0", CLASSES, 2, 1, 11, 34561, 6491,
        17778, "68e3f8846a6bd62f0c9bf841c0d9eacc", "2dcccc29b88e6da5a01161ef20cda288",
        "eeae80d0a227a8d099027e1b3cfd3b60", "50747347e05c87dd3aaf92c49f9f3170"),
    SET("organcmnist", "abdominal CT, coronal", "CC BY 4.0", CLASSES, 2, 1, 11, 12975, 2392,
        8216, "b9ceb9546e10131b32923c5bbeaea2b1", "3ce34a8724ea6f548e6db4744d03b6a9",
        "773c1f009daa3fe5d9a2a201b2a7ed94", "050f5e875dc056f6768abf94ec9995d1"),
    SET("organsmnist", "abdominal CT, sagittal", "CC BY 4.0", CLASSES, 2, 1, 11, 13932,
        2452, 8827, "9ab87b696fb54e2a387ebe992d6ed5f1", "53a6d115339d874c25e309a994ff46d3",
        "ded0c5fa01a95dc4978b956f613e9b8e", "b354719e553fbbb2513d5533f52a4cb1"),
    SET("organmnist3d", "abdominal CT organs", "CC BY 4.0", CLASSES, 3, 1, 11, 971, 161,
        610, "a0c5a1ff56af4f155c46d46fbb45a2fe", "58a2205adf14a9d0a189cb06dc78bf10"),
    SET("nodulemnist3d", "chest CT, lung nodules", "CC BY 4.0", BINARY, 3, 1, 2, 1158, 165,
        310, "8755a7e9e05a4d9ce80a24c3e7a256f3", "c47c5b7d457bf6332200d2ea6d64ecd8"),
    SET("adrenalmnist3d", "abdominal CT, shape of adrenal glands", "CC BY 4.0", BINARY, 3,
        1, 2, 1188, 98, 298, "bbd3c5a5576322bc4cdfea780653b1ce",
        "17721accfe9fb005146a47d33bc54b2f"),
    SET("fracturemnist3d", "chest CT, rib fractures", "CC BY 4.0", CLASSES, 3, 1, 3, 1027,
        103, 240, "6aa7b0143a6b42da40027a9dda61302f", "f01d7e6316aedf4210da0da5b7437b42"),
    SET("vesselmnist3d", "brain MRA, shape of vessels", "CC BY 4.0", BINARY, 3, 1, 2, 1335,
        191, 382, "b41fd4f7e7e2feedddb201585ecafa1b", "6bb274a8846e1097066dcd64e2c4520f"),
    SET("synapsemnist3d", "electron microscope, synapses", "CC BY 4.0", BINARY, 3, 1, 2,
        1230, 177, 352, "1235b78a3cd6280881dd7850a78eadb6",
        "43bd14ebf3af9d3dd072446fedc14d5e"),
};
enum { SETS = sizeof sets / sizeof *sets };

static const int pixels_of[TL_MEDMNIST_SIZES] = {28, 64, 128, 224};

const tl_medmnist *tl_medmnist_sets(int *count)
{
    *count = SETS;
    return sets;
}

int tl_medmnist_pixels(int size)
{
    TL_INVARIANT(size >= 0 && size < TL_MEDMNIST_SIZES);
    return pixels_of[size];
}

int tl_medmnist_size(int pixels)
{
    for (int size = 0; size < TL_MEDMNIST_SIZES; size++) {
        if (pixels_of[size] == pixels) return size;
    }
    return -1;
}

/* "breastmnist_64" without its ending. */
static char *stem_of(const tl_medmnist *set, int size, char out[TL_MEDMNIST_FILE])
{
    if (size == 0) {
        (void)snprintf(out, TL_MEDMNIST_FILE, "%s", set->name);
    } else {
        (void)snprintf(out, TL_MEDMNIST_FILE, "%s_%d", set->name, pixels_of[size]);
    }
    return out;
}

const tl_medmnist *tl_medmnist_named(const char *name, int *size)
{
    char stem[TL_MEDMNIST_FILE];
    for (int i = 0; i < SETS; i++) {
        for (int s = 0; s < TL_MEDMNIST_SIZES; s++) {
            if (!sets[i].md5[s] || strcmp(stem_of(&sets[i], s, stem), name) != 0) continue;
            *size = s;
            return &sets[i];
        }
    }
    return NULL;
}

const tl_medmnist *tl_medmnist_official(const char *md5, int *size)
{
    for (int i = 0; i < SETS; i++) {
        for (int s = 0; s < TL_MEDMNIST_SIZES; s++) {
            if (!sets[i].md5[s] || strcmp(sets[i].md5[s], md5) != 0) continue;
            if (size) *size = s;
            return &sets[i];
        }
    }
    return NULL;
}

char *tl_medmnist_file(const tl_medmnist *set, int size, char out[TL_MEDMNIST_FILE])
{
    char stem[TL_MEDMNIST_FILE];
    (void)snprintf(out, TL_MEDMNIST_FILE, "%.30s.npz", stem_of(set, size, stem));
    return out;
}

const char *tl_medmnist_task_name(tl_medmnist_task task)
{
    static const char *const name[] = {[TL_MEDMNIST_BINARY] = "binary-class",
                                       [TL_MEDMNIST_CLASSES] = "multi-class",
                                       [TL_MEDMNIST_ORDINAL] = "ordinal-regression",
                                       [TL_MEDMNIST_LABELS] = "multi-label, binary-class"};
    return name[task];
}

uint64_t tl_medmnist_most_bytes(const tl_medmnist *set, int size)
{
    const uint64_t side = (uint64_t)tl_medmnist_pixels(size);
    const uint64_t depth = set->is_3d ? side : (uint64_t)set->channels;
    const uint64_t labels = set->task == TL_MEDMNIST_LABELS ? (uint64_t)set->classes : 1;
    uint64_t rows = 0;
    for (int s = 0; s < TL_SPLITS; s++) rows += (uint64_t)set->rows[s];
    const uint64_t arrays = rows * (depth * side * side + labels);
    /* Deflate adds 5 bytes a block, zip and npy some hundred a member. */
    return arrays + arrays / 1000 + (1 << 16);
}
