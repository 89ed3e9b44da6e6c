"""Writes daemon/test/fixtures/number-readings.tsv: 400 numbers as they are written, and as num2words 0.5.14 reads them.

    pip install num2words==0.5.14 && python3 scripts/interop/number-readings.py > daemon/test/fixtures/number-readings.tsv

The columns: kind, variety of English, what is written, what is said. num2words writes hyphens and commas, and "and" in American
English as well, where misaki leaves it out (en.py, get_number), as Tidemark does; and it says "euro" and "pounds sterling" where
misaki says "euros" and "pounds".
"""

import random
import re

from num2words import num2words

draw = random.Random(11)


def plain(words, variety="american"):
    words = words.replace("-", " ").replace(",", "")
    return words if variety == "british" else re.sub(r"\band ", "", words)


def number(digits):
    return draw.randrange(10 ** (digits - 1), 10**digits)


def amount():
    return draw.randrange(1, 10 ** draw.randrange(2, 7))


def line(kind, variety, written, said):
    print(kind, variety, written, said, sep="\t")


for place in range(90):
    value = number(1 + place % 15)
    written = f"{value:,}" if value < 10_000 or place % 2 else str(value)
    line("cardinal", "american", written, plain(num2words(value)))
for place in range(30):
    value = number(3 + place % 10)
    line("cardinal", "british", f"{value:,}", plain(num2words(value, lang="en_GB"), "british"))
for place in range(70):
    value = place + 1 if place < 25 else number(2 + place % 6)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(0 if value % 100 in (11, 12, 13) else value % 10, "th")
    line("ordinal", "american", f"{value}{ending}", plain(num2words(value, to="ordinal")))
for place in range(70):
    value = (1100, 1900, 1905, 2000, 2001, 2009, 2010)[place] if place < 7 else draw.randrange(1100, 2100)
    line("year", "american", f"in {value}", "in " + plain(num2words(value, to="year")))
for place in range(60):
    written = f"{amount():,}.{str(number(1 + place % 4))}" if place % 5 else f"0.0{number(2)}"
    line("decimal", "american", written, plain(num2words(written.replace(",", ""))))
for place in range(60):
    sign, code = (("$", "USD"), ("€", "EUR"), ("£", "GBP"))[place % 3]
    value = f"{amount()}.{draw.randrange(1, 100):02}"
    # The bar holds the place of the one "and" that stays.
    said = num2words(value, to="currency", currency=code, separator=" |")
    said = re.sub(r"\beuro\b", "euros", said.replace(" sterling", ""))
    line("money", "american", f"{sign}{float(value):,.2f}", plain(said).replace("|", "and"))
for place in range(20):
    value = number(2 + place % 4)
    line("negative", "american", f"−{value:,}", plain(num2words(-value)))
