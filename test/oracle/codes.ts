/** Numbers that PostgreSQL prints in its trees, the same from 14 to 18. */

/** CmdType, src/include/nodes/nodes.h. */
export const SELECT = 1;

/** SetOperation, src/include/nodes/parsenodes.h. */
export const UNION = 1;
/** SubLinkType, src/include/nodes/primnodes.h. */
export const EXISTS_SUBLINK = 0;
export const EXPR_SUBLINK = 4;
/** ParamKind, src/include/nodes/primnodes.h. */
export const PARAM_MULTIEXPR = 3;
/** OID of count("any"), src/include/catalog/pg_proc.dat. */
export const COUNT_ANY = 2147;

/** CoercionForm, src/include/nodes/primnodes.h: nobody wrote it. */
export const IMPLICIT_CAST = 2;
