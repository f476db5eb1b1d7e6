# Shared by the scripts in this directory: calls to Microsoft Graph by `az rest`, as the account that is signed in to the
# Azure CLI. Each script looks for an object first, and creates it only if it is missing.
# shellcheck shell=bash
set -euo pipefail
export MSYS_NO_PATHCONV=1 # bash of Git for Windows takes some arguments for paths

# shellcheck disable=SC2034 # the scripts that source this file use them
GRAPH_APP_ID=00000003-0000-0000-c000-000000000000
WAIT_SECONDS=${ENTRA_WAIT_SECONDS:-10} # it takes a while until a new principal can be read

fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

sign_in_checked() {
    command -v az >/dev/null 2>&1 || fail "install the Azure CLI (https://aka.ms/azure-cli), or use Azure Cloud Shell"
    HOME_TENANT=$(az account show --query tenantId --output tsv 2>/dev/null) ||
        fail "you are not signed in: az login --tenant <tenant id> --allow-no-subscriptions"
    local endpoints
    endpoints=$(az cloud show --query '[endpoints.microsoftGraphResourceId, endpoints.activeDirectory]' --output tsv | tr -d '\r')
    GRAPH=$(printf '%s\n' "$endpoints" | sed -n '1s,/$,,;1p')
    AUTHORITY=$(printf '%s\n' "$endpoints" | sed -n '2s,/$,,;2p')
    case $AUTHORITY in # the audience of a managed identity's token that replaces a secret
        *.us) EXCHANGE=api://AzureADTokenExchangeUSGov ;;
        *.cn) EXCHANGE=api://AzureADTokenExchangeChina ;;
        *) EXCHANGE=api://AzureADTokenExchange ;;
    esac
}

# read_graph PATH JMESPATH: one row per line, columns separated by tabs. Anyone can choose the names in it, so other
# control characters are removed.
read_graph() { az rest --method GET --url "$GRAPH/v1.0/$1" --query "$2" --output tsv | tr -d '\000-\010\013-\037\177'; }

# change_graph METHOD PATH [BODY]
change_graph() {
    if [ $# -gt 2 ]; then
        az rest --method "$1" --url "$GRAPH/v1.0/$2" --headers Content-Type=application/json --body "$3" --output none
    else
        az rest --method "$1" --url "$GRAPH/v1.0/$2" --output none
    fi
}

# create_in_graph COLLECTION BODY JMESPATH: what Graph answers about the object that it created.
create_in_graph() {
    az rest --method POST --url "$GRAPH/v1.0/$1" --headers Content-Type=application/json --body "$2" \
        --query "$3" --output tsv | tr -d '\r'
}

# by_field COLLECTION FIELD VALUE JMESPATH: the objects whose field has this value. An empty list is not an error.
by_field() {
    local value=${3//\'/\'\'}
    read_graph "$1?\$filter=$2%20eq%20'${value// /%20}'" "value[].$4"
}

# ensure_app NAME KIND IDENTITY BODY: sets APP_OBJECT_ID and APP_CLIENT_ID to the registration that these scripts use for
# this kind of app and this managed identity, and updates it with the body.
#
# CHOSEN_APP is the client id that the caller gave, and STORED_APP the one that azd stored. If both are empty, the
# registration is created. A registration that is found by its name or its tag is never used: by default, any member
# of a tenant can register apps with any name and tag, and can sign in as them.
ensure_app() {
    local tag="etd-remediation-triage/$2/$3" client=${CHOSEN_APP:-$STORED_APP} found tags
    if [ -z "$client" ]; then
        refuse_similar_apps "$1" "$tag"
        found=$(create_in_graph applications "{\"tags\":[\"$tag\"],${4#\{}" '[[id,appId]]')
        APP_OBJECT_ID=$(printf '%s' "$found" | cut -f1)
        APP_CLIENT_ID=$(printf '%s' "$found" | cut -f2)
        once_there by_field applications appId "$APP_CLIENT_ID" id >/dev/null
        printf 'Registration "%s" created: client id %s\n' "$1" "$APP_CLIENT_ID"
        return
    fi
    APP_CLIENT_ID=$client
    APP_OBJECT_ID=$(by_field applications appId "$client" id)
    [ -n "$APP_OBJECT_ID" ] || fail "tenant $HOME_TENANT has no registration with client id $client"
    describe_app "$APP_OBJECT_ID"
    tags=$(read_graph "applications/$APP_OBJECT_ID" "tags[?@=='$tag']")
    [ -n "$tags$CHOSEN_APP" ] ||
        fail "this script did not create that registration for this identity. To use it: --app $client"
    refuse_what_others_set "$3"
    tags=$(read_graph "applications/$APP_OBJECT_ID" "to_string([tags[?@!='$tag'],['$tag']][])")
    change_graph PATCH "applications/$APP_OBJECT_ID" "{\"tags\":$tags,${4#\{}"
}

# describe_app OBJECT_ID: prints what an administrator must know about a registration before it is used.
describe_app() {
    local row client created name owners
    row=$(read_graph "applications/$1" '[[appId,createdDateTime,displayName]]')
    IFS=$'\t' read -r client created name <<<"$row"
    owners=$(read_graph "applications/$1/owners" 'value[].not_null(userPrincipalName,displayName,id)' | paste -sd ' ' -)
    printf 'Registration "%s": client id %s, created %s, owners: %s\n' "$name" "$client" "$created" "${owners:-none}"
}

# refuse_similar_apps NAME TAG: fails if there is a registration with this name or this tag.
refuse_similar_apps() {
    local similar id
    similar=$({
        by_field applications displayName "$1" id &&
            read_graph "applications?\$filter=tags/any(t:t%20eq%20'$2')" 'value[].id'
    } | sort -u)
    [ -n "$similar" ] || return 0
    for id in $similar; do describe_app "$id" >&2; done
    fail "there is a registration with the name or the tag of the one to create. If you know that it is yours: --app <client id>. Otherwise: --name <another name>"
}

# refuse_what_others_set IDENTITY: fails if anyone except the managed identity can sign in as the app, or if anyone except
# the person who runs this script can add a credential to it.
refuse_what_others_set() {
    local principal trust app of_principal=''
    principal=$(by_field servicePrincipals appId "$APP_CLIENT_ID" id)
    # Separate assignments: if one can't be read, the script ends. It must not count as empty.
    trust=$(read_graph "applications/$APP_OBJECT_ID/federatedIdentityCredentials" \
        "value[?subject!='$1' || issuer!='$(issuer)'].join(' ',['federated credential',name])")
    app=$(credentials_and_owners applications "$APP_OBJECT_ID")
    [ -z "$principal" ] || of_principal=$(credentials_and_owners servicePrincipals "$principal")
    [ -z "$trust$app$of_principal" ] || fail "others can sign in as this app, or can add a credential to it:
$(printf '%s\n' "$trust" "$app" "$of_principal" | grep .)
Remove these first, or create your own registration: --name <another name>, without --app and without a stored client id"
}

# credentials_and_owners COLLECTION OBJECT_ID: the credentials of an app or a service principal, and its owners except the
# signed-in person, one per line.
credentials_and_owners() {
    local me
    me=$(read_graph me id 2>/dev/null) || # a person, or else a service principal
        me=$(by_field servicePrincipals appId "$(az account show --query user.name --output tsv)" id)
    read_graph "$1/$2" "[passwordCredentials[].join(' ',['client secret',keyId]),keyCredentials[].join(' ',['certificate',keyId])][]" &&
        read_graph "$1/$2/owners" "value[?id!='$me'].join(' ',['owner',id,not_null(userPrincipalName,displayName,'')])"
}

# issuer: the issuer of the managed identity's tokens.
issuer() { printf '%s/%s/v2.0' "$AUTHORITY" "$HOME_TENANT"; }

# ensure_trust IDENTITY: lets the managed identity sign in as the app instead of a secret.
ensure_trust() {
    local found
    found=$(read_graph "applications/$APP_OBJECT_ID/federatedIdentityCredentials" \
        "value[?subject=='$1' && issuer=='$(issuer)'].name")
    if [ -n "$found" ]; then
        printf 'Federated credential for the managed identity: exists\n'
        return
    fi
    change_graph POST "applications/$APP_OBJECT_ID/federatedIdentityCredentials" \
        "{\"name\":\"managed-identity-$1\",\"issuer\":\"$(issuer)\",\"subject\":\"$1\",\"audiences\":[\"$EXCHANGE\"]}"
    printf 'Federated credential for the managed identity: created\n'
}

# ensure_principal CLIENT_ID: sets PRINCIPAL_ID to the app's service principal in the signed-in tenant.
ensure_principal() {
    PRINCIPAL_ID=$(by_field servicePrincipals appId "$1" id)
    if [ -z "$PRINCIPAL_ID" ]; then
        change_graph POST servicePrincipals "{\"appId\":\"$1\"}"
        PRINCIPAL_ID=$(once_there by_field servicePrincipals appId "$1" id)
        printf 'Service principal of %s: created in tenant %s\n' "$1" "$HOME_TENANT"
    fi
}

# once_there COMMAND...: runs the command until it prints something, for a minute at most, and prints that.
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
    fail "$(printf '%s ' "$@"): found nothing for a minute"
}
