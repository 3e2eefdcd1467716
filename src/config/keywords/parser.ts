import { type KeywordTable, table } from "./table.ts";

export const PARSER: KeywordTable = table(
  "(parser)",
  "parser",
  `
include :: <GLOB> :: - :: no error if nothing matches :: Read other files here
includer :: <GLOB> :: - :: unreadable or wrong type is an error :: include with read check
includem :: <GLOB> :: - :: missing plain name is an error too :: include with match check
includew :: <GLOB> :: - :: unmatched wildcard is an error too :: include with wildcard check
includeb :: <GLOB> :: - :: every brace alternative must exist :: include with brace check
includea :: <GLOB> :: - :: all the checks :: include with all checks
# :: to end of line :: - :: outside double quotes :: Comment
! :: to end of line :: - :: outside double quotes :: Comment
@ID :: @ID<space>LINE :: - :: exact match with config id :: Keep line only for this id
@^ID :: @^ID<space>LINE :: - :: - :: Keep line only for other ids
$NAME= :: $NAME=TEXT :: - :: letters, digits, _; no space before = :: Define a parameter
$NAME :: $NAME or \${NAME} :: left as is if undefined :: unbraced must be followed by space tab , ) or end :: Expand a parameter
\${_PWD} :: - :: - :: - :: Directory of the file being read
\${_INSTANCE} :: - :: - :: - :: Config id of this process
\${_RANDOM} :: \${_RANDOM [MIN [MAX]]} :: 0 32767 :: digits only :: Random number
\${_HASH} :: - :: # :: removed as comment unless inside double quotes :: Hash character
\${_BANG} :: - :: ! :: removed as comment unless inside double quotes :: Exclamation mark
\${_ENV} :: \${_ENV NAME} :: empty if unset :: HEAD only :: Environment variable :: 2.4
~SEQ :: ~SEQ(VAR, [START, [STEP,]] END) TEXT :: start and step 1 or -1 :: integers, any C base :: Repeat TEXT over a number range
~SEQx :: ~SEQx(VAR, [START, [STEP,]] END) TEXT :: - :: non-negative :: As ~SEQ with hex output
~LST :: ~LST(VAR, V, ...) or ~LST({A,B}, {1,2}, ...) TEXT :: missing values empty :: too many values is an error :: Repeat TEXT over listed values
`,
);
