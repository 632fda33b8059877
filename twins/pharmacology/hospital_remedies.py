"""What to write instead of a mistake in a hospital's model file: the sentences of `hospital_findings.Mistake`."""

from twins.quantities.sentence import ANY, NOTHING, Sentence, names

THE_FILE, THE_DIRECTORY = (each.text for each in names("the file", "the directory"))
WHOLE = frozenset({THE_FILE, THE_DIRECTORY})
"""What a mistake's key says where it is no key of the file."""
MISSING, TOO_LARGE, UNREADABLE, NOT_UTF8, NO_TOML, OUT_OF_REACH = (
    each.text for each in names("missing", "too large", "unreadable", "not UTF-8", "no TOML", "out of reach")
)
STATES = frozenset({MISSING, TOO_LARGE, UNREADABLE, NOT_UTF8, NO_TOML, OUT_OF_REACH})
"""What a mistake's value says where it is no value of the file, which would have quotes or be a number."""

KEEP_SMALL = Sentence("keep to {most:d} bytes")
PERMISSIONS = Sentence("check its permissions ({why})")
SAVE_AS_UTF8 = Sentence("save it as UTF-8")
CORRECT = Sentence("correct it: {why}", why=ANY)
NOTHING_SO_LARGE = Sentence("no number is so large, no table so deep or long")
NOT_UNDERSTOOD = Sentence("this could not be understood ({why}); go through it line by line")
CANNOT_BE_READ = Sentence("cannot be read: {why}")
BROUGHT_ALREADY = Sentence(
    "an earlier file of this directory brings the drug; leave new_drug and practice out of this one"
)

WRITE_FORMAT = Sentence("write format = {number:d}")
NO_SUCH_KEY = Sentence("no such key; known are {known}")
WRITE_TEXT = Sentence("write a text in quotes")
WRITE_TEXTS = Sentence("write a list of texts")
WRITE_NUMBER = Sentence("write a number")
WRITE_NUMBER_FROM = Sentence("write a number of at least {low:g}")
WRITE_NUMBERS = Sentence("write a list of numbers")
WRITE_TABLE = Sentence("write a table [{key}]")
WRITE_TABLES = Sentence("write tables [[{key}]]")
WRITE_FLAG = Sentence("write true or false")
WRITE_EXPRESSION = Sentence("write an expression in quotes, or a number")

ID_TAKEN = Sentence("another model has this id; give your own, such as one with the hospital's name")
LETTERS_OF_AN_ID = Sentence("use up to 80 small letters, digits, hyphens and dots")
SHIPS_WITH_ITS_OWN = Sentence("{drug} ships with its own; leave this out")
LEVELS_ARE_IN = Sentence("levels of {drug} are in {unit}; write that")
BEGINS_WITH_10 = Sentence("a DOI begins with 10.; leave it out where there is none")

THE_STRUCTURES = Sentence("the structures are {known}")
THE_LIBRARY_SAYS = Sentence("the library says: {why}", why=ANY)
NEEDED_BY_THE_STRUCTURE = Sentence("write it: the structure needs it")
WRITE_EQUATION = Sentence("write its equation: the structure needs it")
THE_COMPONENTS = Sentence("the components are {known}")
THE_PARAMETERS = Sentence("the structure's parameters are {known}")
A_LINK = Sentence("write a component = one of {known}")
UNKNOWN_NAME = Sentence(
    "no covariate, clinical input or earlier line of [let] has this name; describe it or correct it"
)
CANNOT_BE_USED_THERE = Sentence(
    "the equations cannot be used there: {why}; correct them, or give the missing value under [reference]", why=ANY
)

ABOVE_HIGH = Sentence("it is above high, {high:g}; exchange them")
TWICE = Sentence("it is described twice; keep one")
_NEAR = Sentence("; near it are {units}")
_WRITE_UNIT = Sentence("write a unit's UCUM code, such as mg/L, kg, mL/min, or 1 for none{near}", near=(_NEAR, NOTHING))
THE_RULES = Sentence("the rules are {known}")

NAME_ONE = Sentence("name at least one component that varies between patients")
COMPONENTS_OR_TABLES = Sentence("write a list of components, or of tables")
COMPONENT_OR_TABLE = Sentence("write a component's name, or a table of name and on")
THE_FORMS = Sentence("the forms are {known}")
ONE_VARIANCE_EACH = Sentence("there are {count:d} variances; give one for each eta")
WRITE_CORRELATION = Sentence("write [first eta, second eta, r], counted from 1, r inside -1 to 1")
NOT_POSITIVE_DEFINITE = Sentence("the matrix is not positive definite; correct variances or covariances")
TRIANGLE_HOLDS_VARIANCES = Sentence("a triangle holds variances and covariances; write variance")
WRITE_ROWS = Sentence("write rows of 1, 2, 3 ... numbers")
LIKE_FRACTIONS = Sentence(
    'these look like fractions, and the form is percent: write 40 for 40 %, or form = "sd" for 0.4'
)
LIKE_PERCENTAGES = Sentence(
    'these look like percentages, and no form is stated: write form = "cv percent", or form = "variance"'
)

THE_KINDS = Sentence("the kinds are {known}")
THE_OUTPUTS = Sentence("the outputs are {known}")
A_SHARE = Sentence("it is a share of the prediction: write 0.15 for 15 %")
SOME_RESIDUAL = Sentence("give additive or proportional above 0, or leave the residual out")
THE_METRICS = Sentence("the metrics are {known}")
NOT_BELOW_HIGH = Sentence("it is not below high, {high:g}")
TARGET_IS_IN = Sentence("{metric} of {output} is in {unit}; write that, and convert")

# What Python's reader of TOML says; of what it may say besides, a page shows its English.
_AT = Sentence("{what} (at line {line:d}, column {column:d})", what=ANY)
_AT_THE_END = Sentence("{what} (at end of document)", what=ANY)
_TOML = (
    *names("Invalid statement", "Invalid value", "Invalid hex value", "Invalid date or datetime"),
    *names("Expected newline or end of document after a statement", "Expected '=' after a key in a key/value pair"),
    *names("Expected ']' at the end of a table declaration", "Expected ']]' at the end of an array declaration"),
    *names("Cannot overwrite a value", "Unclosed array", "Unclosed inline table", "Unterminated string"),
    *names("Invalid initial character for a key part", "Unescaped '\\' in a string"),
    *names("Escaped character is not a Unicode scalar value"),
    *(Sentence("Expected {what}"), Sentence("Found invalid character {what}"), Sentence("Illegal character {what}")),
    *(Sentence("Cannot declare {what} twice"), Sentence("Duplicate inline table key {what}")),
    *(Sentence("Cannot mutate immutable namespace {what}"), Sentence("Cannot redefine namespace {what}")),
)


def write_unit(near: list[str]) -> str:
    """Which units can be written, and which of them are `near` to the one that was."""
    return _WRITE_UNIT(near=_NEAR(units=", ".join(near)) if near else "")
