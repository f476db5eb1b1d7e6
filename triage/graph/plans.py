"""Exchange Online's service plans: which of them include a mailbox.

Source: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference. EXCHANGE_S_FOUNDATION is part of
many products and has no mailbox, so `service == "exchange"` proves nothing.
"""

from __future__ import annotations

MAILBOX_PLANS = {
    "9aaf7827-d63c-4b61-89c3-182f06f82e5c": "EXCHANGE_S_STANDARD",
    "efb87545-963c-4e0d-99df-69c6916d9eb0": "EXCHANGE_S_ENTERPRISE",
    "4a82b400-a79f-41a4-b4e2-e94f5787b113": "EXCHANGE_S_DESKLESS",
    "fc52cc4b-ed7d-472d-bbe7-b081c23ecc56": "EXCHANGE_S_STANDARD_MIDMARKET",
    "1126bef5-da20-4f07-b45e-ad25d2581aa8": "EXCHANGE_S_ESSENTIALS",
    "d42bdbd6-c335-4231-ab3d-c8f348d5aff5": "EXCHANGE_L_STANDARD",
    "90927877-dcff-4af6-b346-2332c0b15bb7": "EXCHANGE_B_STANDARD",
    "e9b4930a-925f-45e2-ac2a-3f7788ca6fdd": "EXCHANGE_S_STANDARD_GOV",
    "8c3069c0-ccdb-44be-ab77-986203a67df2": "EXCHANGE_S_ENTERPRISE_GOV",
    "88f4d7ef-a73b-4246-8047-516022144c9f": "EXCHANGE_S_DESKLESS_GOV",
}

OTHER_PLANS = {
    "113feb6c-3fe4-4440-bddc-54d774bf0318": "EXCHANGE_S_FOUNDATION",
    "922ba911-5694-4e99-a794-73aed9bfeec8": "EXCHANGE_S_FOUNDATION_GOV",
    "da040e0a-b393-4bea-bb76-928b3fa1cf5a": "EXCHANGE_S_ARCHIVE",
    "176a09a6-7ec5-4039-ac02-b2791c6ba793": "EXCHANGE_S_ARCHIVE_ADDON",
    "34c0d7a0-a70f-4668-9238-47f9fc208882": "EXCHANGE_ANALYTICS",
    "208120d1-9adb-4daf-8c22-816bd5d237e7": "EXCHANGE_ANALYTICS_GOV",
    "897d51f1-2cfa-4848-9b30-469149f5e68e": "EXCHANGEONLINE_MULTIGEO",
    "326e2b78-9d27-42c9-8509-46c827743a17": "EOP_ENTERPRISE",
    "75badc48-628e-4446-8460-41344d73abd6": "EOP_ENTERPRISE_PREMIUM",
    "f20fedf3-f3c3-43c3-8267-2bfdd51c0939": "ATP_ENTERPRISE",
    "493ff600-6a2b-4db6-ad37-a7d4eb214516": "ATP_ENTERPRISE_GOV",
    "8e0c0a52-6a6c-4d40-8370-dd62790dcd70": "THREAT_INTELLIGENCE",
    "900018f1-0cdb-4ecb-94d4-90281760fdc6": "THREAT_INTELLIGENCE_GOV",
    "bf6f5520-59e3-4f82-974b-7dbbc4fd27c7": "SAFEDOCS",
    "41fcdd7d-4733-4863-9cf4-c65b83ce2df4": "COMMUNICATIONS_COMPLIANCE",
    "6dc145d6-95dd-4191-b9c3-185575ee6f6b": "COMMUNICATIONS_DLP",
    "6db1f1db-2b46-403f-be40-e39395f08dbb": "CUSTOMER_KEY",
    "46129a58-a698-46f0-aa5b-17f6586297d9": "DATA_INVESTIGATIONS",
    "4de31727-a228-4ec3-a5bf-8e45b5ca48cc": "EQUIVIO_ANALYTICS",
    "d1cbfb67-18a8-4792-b643-630b7f19aad1": "EQUIVIO_ANALYTICS_GOV",
    "a6520331-d7d4-4276-95f5-15c0933bc757": "GRAPH_CONNECTORS_SEARCH_INDEX",
    "c4801e8a-cb58-4c35-aca6-f2dcc106f287": "INFORMATION_BARRIERS",
    "e26c2fcc-ab91-4a61-b35c-03cdc8dddf66": "INFO_GOVERNANCE",
    "9d0c4ee5-e4a1-4625-ab39-d82b619b1a34": "INSIDER_RISK_MANAGEMENT",
    "9f431833-0334-42de-a7dc-70aa40db46db": "LOCKBOX_ENTERPRISE",
    "89b5d3b1-3855-49fe-b46c-87c66dbc1526": "LOCKBOX_ENTERPRISE_GOV",
    "2f442157-a11c-46b9-ae5b-6e39ff4e5849": "M365_ADVANCED_AUDITING",
    "f6de4823-28fa-440b-b886-4783fa86ddba": "M365_AUDIT_PLATFORM",
    "199a5c09-e0ca-4e37-8f7c-b05d533e1ea2": "MICROSOFTBOOKINGS",
    "5136a095-5cf0-4aff-bec3-e84448b38ea5": "MIP_S_CLP1",
    "efb0351d-3b08-4503-993d-383af8de41e3": "MIP_S_CLP2",
    "cd31b152-6326-4d1b-ae1b-997b625182e6": "MIP_S_Exchange",
    "d2d51368-76c9-4317-ada2-a12c004c432f": "ML_CLASSIFICATION",
    "33c4f319-9bdd-48d6-9c4d-410b750a4a5a": "MYANALYTICS_P2",
    "6e5b7995-bd4f-4cbd-9d19-0e32010c72f0": "MYANALYTICS_P2_GOV",
    "b1188c4c-1b36-4018-b48b-ee07604f6feb": "PAM_ENTERPRISE",
    "617b097b-4b93-4ede-83de-5f075bb5fb2f": "PREMIUM_ENCRYPTION",
    "65cc641f-cccd-4643-97e0-a17e3045e541": "RECORDS_MANAGEMENT",
}
"""Plans without a mailbox that the service `exchange` provisions. A plan of that service in neither table is a new one."""
