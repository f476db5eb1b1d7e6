#!/usr/bin/env bash
# The app that callers of the API sign in to, for authMode easyauth: a registration with the app roles Triage.Read and
# Triage.Write, which trusts the managed identity in place of a secret. Run again, it changes nothing.
set -euo pipefail
. "$(dirname "$0")/entra.sh"

usage() {
    cat >&2 <<'TEXT'
sign-in-app.sh [--name NAME] [--app CLIENT_ID]

  --app  use this registration, even though the script did not create it
         (else TRIAGE_SIGN_IN_CLIENT_ID, which must be one that it created)

It needs TRIAGE_API and TRIAGE_IDENTITY_PRINCIPAL_ID, as azd env get-values has them.
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
# shellcheck disable=SC2016 # it is to be typed as it stands
[ -n "${TRIAGE_API:-}" ] && [ -n "${TRIAGE_IDENTITY_PRINCIPAL_ID:-}" ] ||
    fail 'TRIAGE_API and TRIAGE_IDENTITY_PRINCIPAL_ID are needed: set -a; eval "$(azd env get-values)"'
case $TRIAGE_API in https://*) ;; *) fail "TRIAGE_API is no https address: $TRIAGE_API" ;; esac
for id in "$TRIAGE_IDENTITY_PRINCIPAL_ID" "$CHOSEN_APP" "$STORED_APP"; do
    case $id in *[!0-9a-fA-F-]*) fail "'$id' is no id" ;; esac
done

# The ids are this service's own, and the same everywhere: a role keeps its assignments when the script runs again.
role() {
    printf '{"id":"%s","value":"%s","displayName":"%s","description":"%s","isEnabled":true,"allowedMemberTypes":["User","Application"]}' "$@"
}
roles="$(role 7f1c2c52-6d0e-4b34-9a3e-6f5d1a0c9b01 Triage.Read 'Read triage' 'Findings, audits, summary and the page'),$(role 7f1c2c52-6d0e-4b34-9a3e-6f5d1a0c9b02 Triage.Write 'Send and retriage' 'Send failures, retriage, audit now')"

sign_in_checked
ensure_app "$name" sign-in "$TRIAGE_IDENTITY_PRINCIPAL_ID" "{\"displayName\":\"$name\",\"signInAudience\":\"AzureADMyOrg\",\"appRoles\":[$roles],\"api\":{\"requestedAccessTokenVersion\":2},\"web\":{\"redirectUris\":[\"${TRIAGE_API%/api}/.auth/login/aad/callback\"]}}"
change_graph PATCH "applications/$APP_OBJECT_ID" "{\"identifierUris\":[\"api://$APP_CLIENT_ID\"]}"
ensure_trust "$TRIAGE_IDENTITY_PRINCIPAL_ID"
ensure_principal "$APP_CLIENT_ID"
# Nobody gets a token who has neither role.
change_graph PATCH "servicePrincipals/$PRINCIPAL_ID" '{"appRoleAssignmentRequired":true}'
cat <<TEXT
Client id: $APP_CLIENT_ID
Next: azd env set TRIAGE_AUTH easyauth
      azd env set TRIAGE_SIGN_IN_CLIENT_ID $APP_CLIENT_ID
      azd provision
Who may do what: Entra admin center, Enterprise applications, $name, Users and groups.
TEXT
