"""Refusals of the module that several files speak of."""

from __future__ import annotations

from core.plugin_api import define

NAME = "apparel_variants"

UNKNOWN_COLOUR = define(
    "APPAREL_VARIANTS_UNKNOWN_COLOUR",
    en="There is no such colour.",
    zh="没有该颜色。",
)
ARCHIVED_COLOUR = define(
    "APPAREL_VARIANTS_ARCHIVED_COLOUR",
    en="The colour {colour} is archived: nothing new is made in it. Put it back in use first.",
    zh="颜色 {colour} 已停用,不能再生成新规格,请先恢复启用。",
)
UNKNOWN_SIZE = define(
    "APPAREL_VARIANTS_UNKNOWN_SIZE",
    en="{style} does not come in this size: it is not one of its size group.",
    zh="款式 {style} 的尺码组中没有该尺码。",
)
NO_SUCH_VARIANT = define(
    "APPAREL_VARIANTS_NO_SUCH_VARIANT",
    en="{style} is not made in {colour} {size}.",
    zh="款式 {style} 没有 {colour} {size} 规格。",
)
VARIANT_EXISTS = define(
    "APPAREL_VARIANTS_VARIANT_EXISTS",
    en="{style} has this colour and size already.",
    zh="款式 {style} 已有该颜色与尺码的规格。",
)
NO_VARIANTS = define(
    "APPAREL_VARIANTS_NO_VARIANTS",
    en="There is no variant to be made: name a colour or a size that {style} does not have yet.",
    zh="没有可生成的规格:请指定款式 {style} 尚没有的颜色或尺码。",
)
SIZE_IN_USE = define(
    "APPAREL_VARIANTS_SIZE_IN_USE",
    en="There are variants in size {size}: it stays in the group.",
    zh="已有规格使用尺码 {size},不能从尺码组中移除。",
)
BAD_BARCODE = define(
    "APPAREL_VARIANTS_BAD_BARCODE",
    en="{code} is no barcode of 8, 12, 13 or 14 digits with its check digit.",
    zh="{code} 不是带正确校验位的 8、12、13 或 14 位条码。",
)
NOTHING_NAMED = define(
    "APPAREL_VARIANTS_NOTHING_NAMED",
    en="{style} has no variant in these colours and sizes.",
    zh="款式 {style} 没有这些颜色与尺码的规格。",
)
NO_PACK = define(
    "APPAREL_VARIANTS_NO_PACK",
    en="This item is no ratio pack.",
    zh="该商品不是配码包。",
)
