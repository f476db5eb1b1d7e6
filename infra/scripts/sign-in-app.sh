#!/usr/bin/env bash
# Creates the app that callers of the API sign in to (authMode easyauth): a registration with the app roles Triage.Read
# and Triage.Write that trusts the managed identity instead of a secret. You can run it again: it then changes nothing.
set -euo pipefail
. "$(dirname "$0")/entra.sh"

usage() {
    cat >&2 <<'TEXT'
sign-in-app.sh [--name NAME] [--app CLIENT_ID]

  --app  use this registration, even if the script did not create it
         (default: TRIAGE_SIGN_IN_CLIENT_ID, which the script must have created)

Set TRIAGE_API and TRIAGE_IDENTITY_PRINCIPAL_ID to the values that azd env get-values prints.
TEXT
    exit 2
}

name='ETD remediation triage API' CHOSEN_APP='' STORED_APP=${TRIAGE_SIGN_IN_CLIENT_ID:-}
while [ $# -gt 0 ]; do
    [ $# -gt 1 ] || usage
    case $1 in
        --name) name=$2 ;;
        --app) CHOSEN_APP=$2 ;;
        *) usage ;;
    esac
    shift 2
done
# shellcheck disable=SC2016 # the user types it as it is
[ -n "${TRIAGE_API:-}" ] && [ -n "${TRIAGE_IDENTITY_PRINCIPAL_ID:-}" ] ||
    fail 'set TRIAGE_API and TRIAGE_IDENTITY_PRINCIPAL_ID: set -a; eval "$(azd env get-values)"'
case $TRIAGE_API in https://*) ;; *) fail "TRIAGE_API must be an https address, not $TRIAGE_API" ;; esac
for id in "$TRIAGE_IDENTITY_PRINCIPAL_ID" "$CHOSEN_APP" "$STORED_APP"; do
    case $id in *[!0-9a-fA-F-]*) fail "'$id' is not an id" ;; esac
done

# The ids of the roles are the same in every tenant, so a role keeps its assignments when the script runs again.
role() {
    printf '{"id":"%s","value":"%s","displayName":"%s","description":"%s","isEnabled":true,"allowedMemberTypes":["User","Application"]}' "$@"
}
READ_ROLE=7f1c2c52-6d0e-4b34-9a3e-6f5d1a0c9b01 WRITE_ROLE=7f1c2c52-6d0e-4b34-9a3e-6f5d1a0c9b02
# other_roles: the roles that somebody else added, such as one for a tenant, each with a comma after it. A PATCH of
# appRoles replaces the list, and with a role go its assignments.
other_roles() {
    local app=${CHOSEN_APP:-$STORED_APP}
    [ -z "$app" ] || by_field applications appId "$app" "appRoles[?id!='$READ_ROLE' && id!='$WRITE_ROLE'][].to_string(@)" |
        sed 's/$/,/'
}

# What the Azure CLI asks for on behalf of a person: az account get-access-token --scope api://<client id>/.default
AZURE_CLI=04b07795-8ddb-461a-bbee-02f9e1bf7b46
SCOPE=7f1c2c52-6d0e-4b34-9a3e-6f5d1a0c9b03
scope="{\"id\":\"$SCOPE\",\"value\":\"user_impersonation\",\"type\":\"User\",\"isEnabled\":true,\"adminConsentDisplayName\":\"Call the API\",\"adminConsentDescription\":\"Call the API as the signed-in person\"}"
# openid, profile and email of Microsoft Graph: what a browser's sign-in asks for.
access="{\"resourceAppId\":\"$GRAPH_APP_ID\",\"resourceAccess\":[{\"id\":\"37f7f235-527c-4136-accd-4a02d197296e\",\"type\":\"Scope\"},{\"id\":\"14dad69e-099b-42c9-810b-d002981feec1\",\"type\":\"Scope\"},{\"id\":\"64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0\",\"type\":\"Scope\"}]}"

sign_in_checked
kept=$(other_roles)
roles="$kept$(role "$READ_ROLE" Triage.Read 'Read triage' 'Findings, audits, summary and the page'),$(role "$WRITE_ROLE" Triage.Write 'Send and retriage' 'Send failures, retriage, audit now')"
ensure_app "$name" sign-in "$TRIAGE_IDENTITY_PRINCIPAL_ID" "{\"displayName\":\"$name\",\"signInAudience\":\"AzureADMyOrg\",\"appRoles\":[$roles],\"api\":{\"requestedAccessTokenVersion\":2,\"oauth2PermissionScopes\":[$scope]},\"requiredResourceAccess\":[$access],\"web\":{\"redirectUris\":[\"${TRIAGE_API%/api}/.auth/login/aad/callback\"],\"implicitGrantSettings\":{\"enableIdTokenIssuance\":true}}}"
change_graph PATCH "applications/$APP_OBJECT_ID" "{\"identifierUris\":[\"api://$APP_CLIENT_ID\"],\"api\":{\"preAuthorizedApplications\":[{\"appId\":\"$AZURE_CLI\",\"delegatedPermissionIds\":[\"$SCOPE\"]}]}}"
ensure_trust "$TRIAGE_IDENTITY_PRINCIPAL_ID"
ensure_principal "$APP_CLIENT_ID"
# Only a caller with one of the roles gets a token. Nobody can consent for himself then, so an administrator does for all.
change_graph PATCH "servicePrincipals/$PRINCIPAL_ID" '{"appRoleAssignmentRequired":true}'
consented=$(read_graph "servicePrincipals/$PRINCIPAL_ID/oauth2PermissionGrants" "value[?consentType=='AllPrincipals'].id")
if [ -z "$consented" ]; then
    graph_principal=$(by_field servicePrincipals appId "$GRAPH_APP_ID" id)
    change_graph POST oauth2PermissionGrants "{\"clientId\":\"$PRINCIPAL_ID\",\"consentType\":\"AllPrincipals\",\"resourceId\":\"$graph_principal\",\"scope\":\"openid profile email\"}" ||
        printf 'Consent could not be given. Before anyone signs in, an administrator opens\n  %s\n' "$AUTHORITY/$HOME_TENANT/adminconsent?client_id=$APP_CLIENT_ID"
fi
cat <<TEXT
Client id: $APP_CLIENT_ID
Next: azd env set TRIAGE_AUTH easyauth
      azd env set TRIAGE_SIGN_IN_CLIENT_ID $APP_CLIENT_ID
      azd provision
To assign the roles: Entra admin center > Enterprise applications > $name > Users and groups.
TEXT
