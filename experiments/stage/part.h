/*
 * Parts of the world: what stages read and give, version by version.
 */
#ifndef TL_EXPERIMENTS_STAGE_PART_H
#define TL_EXPERIMENTS_STAGE_PART_H

/** Parts of the world. What each can do is in part_table.h. */
typedef enum tl_part {
    TL_PART_POOL,       /**< data: the owner's rows */
    TL_PART_VALIDATION, /**< data: for choices such as early stopping */
    TL_PART_ATTACKER,   /**< data: the attacker's own rows */
    TL_PART_TEST,       /**< data: for reported numbers */
    TL_PART_RECOVERED,  /**< data: what the attacker has recovered from models; every row
                           is flagged TL_ROW_RECOVERED */
    TL_PART_SETUP,      /**< model and recipe by which the owner trains */
    TL_PART_MARKS,      /**< list: secrets planted in the data, see tl_marks */
    TL_PART_SERVICE,    /**< answers queries to the target, see tl_service */
    TL_PART_QUERY_LOG,  /**< list: what was asked, see tl_query_log */
    TL_PART_TARGET,     /**< model: the owner's; or recorded answers in its place */
    TL_PART_SURROGATE,  /**< model: the attacker's copy */
    TL_PARTS
} tl_part;

/** The bit of a part in a set of parts. */
#define TL_BIT(part) (1U << (part))
/** Sets of parts, as bits. */
enum {
    TL_PARTS_DATA = TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_VALIDATION) |
                    TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_TEST) |
                    TL_BIT(TL_PART_RECOVERED),
    TL_PARTS_MODEL = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SURROGATE),
    /** A version has an entry of every stage that gave one. */
    TL_PARTS_LIST = TL_BIT(TL_PART_MARKS) | TL_BIT(TL_PART_QUERY_LOG),
    /** What every world has from the start. */
    TL_PARTS_GIVEN = TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_VALIDATION) |
                     TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_TEST) |
                     TL_BIT(TL_PART_SETUP) | TL_BIT(TL_PART_SERVICE),
    /** What the owner renews in every round of a chain. */
    TL_PARTS_OWNER = TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_VALIDATION) |
                     TL_BIT(TL_PART_TEST) | TL_BIT(TL_PART_SETUP) | TL_BIT(TL_PART_MARKS) |
                     TL_BIT(TL_PART_SERVICE),
    /** What who may query the target reads. */
    TL_PARTS_ASKED = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SERVICE)
};

/** "pool", "target" and so on, as in names of metrics. */
const char *tl_part_name(tl_part part);

#endif
