"""The number of a mobile phone (IMEI, 3GPP TS 23.003): fourteen digits and a check digit."""

from __future__ import annotations

from core.plugin_api import define

LENGTH = 15

BAD_IMEI = define(
    "SERIAL_NUMBERS_BAD_IMEI",
    en="{number} is not an IMEI: it has 15 digits, the last one being the check digit.",
    zh="{number} 不是有效的 IMEI:须为 15 位数字且校验位正确。",
)


def check_digit(digits: str) -> int:
    """The digit that makes a number of these digits right (Luhn): every second digit from the right is
    doubled, and all digits of what comes out add up to a multiple of ten."""
    total = 0
    for n, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - n % 2)
        total += value // 10 + value % 10
    return -total % 10


def is_imei(number: str) -> bool:
    """Whether it is an IMEI with the right check digit."""
    whole = len(number) == LENGTH and number.isascii() and number.isdigit()
    return whole and check_digit(number[:-1]) == int(number[-1])
