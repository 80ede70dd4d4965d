"""Azure's regions: the allowed values of `location`, and each region's short code.

The short codes are Microsoft's geo-codes (Azure Backup's geo-code list); a generated name uses one if the region's full
name does not fit. Geographies such as `europe` are not regions. Display names (`West Europe`) mean the same as
`westeurope`, as in Azure's own API.
"""

from __future__ import annotations

REGIONS: dict[str, str] = {
    "australiacentral": "acl", "australiacentral2": "acl2", "australiaeast": "ae", "australiasoutheast": "ase",
    "austriaeast": "ate", "belgiumcentral": "bec", "brazilsouth": "brs", "brazilsoutheast": "bse",
    "canadacentral": "cnc", "canadaeast": "cne", "centralindia": "inc", "centralus": "cus", "chilecentral": "clc",
    "chinaeast": "sha", "chinaeast2": "sha2", "chinaeast3": "sha3", "chinanorth": "bjb", "chinanorth2": "bjb2",
    "chinanorth3": "bjb3", "denmarkeast": "dke", "eastasia": "ea", "eastus": "eus", "eastus2": "eus2",
    "francecentral": "frc", "francesouth": "frs", "germanynorth": "gn", "germanywestcentral": "gwc",
    "indonesiacentral": "idc", "israelcentral": "ilc", "italynorth": "itn", "japaneast": "jpe", "japanwest": "jpw",
    "jioindiacentral": "jic", "jioindiawest": "jiw", "koreacentral": "krc", "koreasouth": "krs",
    "malaysiawest": "myw", "mexicocentral": "mxc", "newzealandnorth": "nzn", "northcentralus": "ncus",
    "northeurope": "ne", "norwayeast": "nwe", "norwaywest": "nww", "polandcentral": "plc", "qatarcentral": "qac",
    "southafricanorth": "san", "southafricawest": "saw", "southcentralus": "scus", "southeastasia": "sea",
    "southindia": "ins", "spaincentral": "spc", "swedencentral": "sdc", "swedensouth": "sds",
    "switzerlandnorth": "szn", "switzerlandwest": "szw", "uaecentral": "uac", "uaenorth": "uan", "uksouth": "uks",
    "ukwest": "ukw", "usdodcentral": "udc", "usdodeast": "ude", "usgovarizona": "uga", "usgovtexas": "ugt",
    "usgovvirginia": "ugv", "westcentralus": "wcus", "westeurope": "we", "westindia": "inw", "westus": "wus",
    "westus2": "wus2", "westus3": "wus3",
}  # fmt: skip


def normalise(location: str) -> str:
    """``location`` as Azure's API writes it: lower case without spaces."""
    return location.replace(" ", "").lower()
