# What the scripts beside this one share: calls to Microsoft Graph by `az rest`, as whoever `az login` has signed in.
# Everything is looked for first, and made only where it is missing.
# shellcheck shell=bash
set -euo pipefail

# shellcheck disable=SC2034 # they are for those who read this file
GRAPH_APP_ID=00000003-0000-0000-c000-000000000000
WAIT_SECONDS=${ENTRA_WAIT_SECONDS:-10} # a principal that was made just now is not to be seen at once

fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

sign_in_checked() {
    command -v az >/dev/null 2>&1 || fail "the Azure CLI is needed (https://aka.ms/azure-cli), or Azure Cloud Shell"
    HOME_TENANT=$(az account show --query tenantId --output tsv 2>/dev/null) ||
        fail "nobody is signed in: az login --tenant <tenant id> --allow-no-subscriptions"
    local endpoints
    endpoints=$(az cloud show --query '[endpoints.microsoftGraphResourceId, endpoints.activeDirectory]' --output tsv | tr -d '\r')
    GRAPH=$(printf '%s\n' "$endpoints" | sed -n '1s,/$,,;1p')
    AUTHORITY=$(printf '%s\n' "$endpoints" | sed -n '2s,/$,,;2p')
    case $AUTHORITY in # what a managed identity's token is for when it stands in for a secret
        *.us) EXCHANGE=api://AzureADTokenExchangeUSGov ;;
        *.cn) EXCHANGE=api://AzureADTokenExchangeChina ;;
        *) EXCHANGE=api://AzureADTokenExchange ;;
    esac
}

# read_graph PATH JMESPATH: one row a line, columns parted by tabs.
read_graph() { az rest --method GET --url "$GRAPH/v1.0/$1" --query "$2" --output tsv | tr -d '\r'; }

# change_graph METHOD PATH [BODY]
change_graph() {
    if [ $# -gt 2 ]; then
        az rest --method "$1" --url "$GRAPH/v1.0/$2" --headers Content-Type=application/json --body "$3" --output none
    else
        az rest --method "$1" --url "$GRAPH/v1.0/$2" --output none
    fi
}

# by_field COLLECTION FIELD VALUE JMESPATH: of the objects whose field is the value. An empty list is no error.
by_field() {
    local value=${3//\'/\'\'}
    read_graph "$1?\$filter=$2%20eq%20'${value// /%20}'" "value[].$4"
}

# ensure_app NAME BODY: sets APP_OBJECT_ID and APP_CLIENT_ID of the registration with this name, which is made if there
# is none, and made to be as the body says.
ensure_app() {
    local found
    found=$(by_field applications displayName "$1" '[id,appId]')
    [ "$(printf '%s\n' "$found" | grep -c .)" -le 1 ] || fail "there are several registrations named '$1': say --name"
    if [ -z "$found" ]; then
        change_graph POST applications "$2"
        found=$(once_there by_field applications displayName "$1" '[id,appId]')
        printf 'Registration "%s": made\n' "$1"
    else
        change_graph PATCH "applications/$(printf '%s' "$found" | cut -f1)" "$2"
        printf 'Registration "%s": there\n' "$1"
    fi
    APP_OBJECT_ID=$(printf '%s' "$found" | cut -f1)
    # shellcheck disable=SC2034
    APP_CLIENT_ID=$(printf '%s' "$found" | cut -f2)
}

# ensure_trust IDENTITY: lets the managed identity sign in as the app, in place of a secret.
ensure_trust() {
    local issuer="$AUTHORITY/$HOME_TENANT/v2.0" found
    found=$(read_graph "applications/$APP_OBJECT_ID/federatedIdentityCredentials" \
        "value[?subject=='$1' && issuer=='$issuer'].name")
    if [ -n "$found" ]; then
        printf 'Trust in the managed identity: there\n'
        return
    fi
    change_graph POST "applications/$APP_OBJECT_ID/federatedIdentityCredentials" \
        "{\"name\":\"managed-identity-$1\",\"issuer\":\"$issuer\",\"subject\":\"$1\",\"audiences\":[\"$EXCHANGE\"]}"
    printf 'Trust in the managed identity: made\n'
}

# ensure_principal CLIENT_ID: sets PRINCIPAL_ID, the app's service principal in the tenant that is signed in to.
ensure_principal() {
    PRINCIPAL_ID=$(by_field servicePrincipals appId "$1" id)
    if [ -z "$PRINCIPAL_ID" ]; then
        change_graph POST servicePrincipals "{\"appId\":\"$1\"}"
        PRINCIPAL_ID=$(once_there by_field servicePrincipals appId "$1" id)
        printf 'Service principal of %s: made in tenant %s\n' "$1" "$HOME_TENANT"
    fi
}

# once_there COMMAND...: what the command writes, once that is something.
once_there() {
    local found try
    for try in 1 2 3 4 5 6; do
        found=$("$@")
        if [ -n "$found" ]; then
            printf '%s\n' "$found"
            return
        fi
        [ "$try" = 6 ] || sleep "$WAIT_SECONDS"
    done
    fail "$(printf '%s ' "$@"): nothing there, after a minute"
}
