#!/usr/bin/env bash
# Shows, grants, and removes the Microsoft Graph permissions of the triage service's own identity.
set -euo pipefail
. "$(dirname "$0")/entra.sh"

usage() {
    cat <<'TEXT'
graph-permissions.sh show|grant|remove [--sets NAMES] [--identity OBJECT_ID | --app CLIENT_ID]
graph-permissions.sh app [--sets NAMES] [--name NAME] [--identity OBJECT_ID] [--app CLIENT_ID]
graph-permissions.sh remove-app --app CLIENT_ID

  show        shows which permissions are granted; changes nothing
  grant       shows them, then grants the missing permissions of the sets
  remove      shows them, then removes the granted permissions of the sets
  app         for more tenants: creates a multi-tenant app that trusts the managed identity; prints its client id
  remove-app  deletes the registration of that app

  --sets      core, domains, recipients, licenses, delegated, mailbox-kind, evidence, or all; separate several
              with commas
              (default: core for grant and app; all for show and remove)
  --identity  object id of the managed identity's service principal (default: TRIAGE_IDENTITY_PRINCIPAL_ID)
  --app       client id of the multi-tenant app (default: TRIAGE_GRAPH_CLIENT_ID, which is used before the identity);
              with the command app: use this registration, even if the script did not create it

The script works in the tenant that you are signed in to with `az login`. To grant and remove permissions, you need
the role Privileged Role Administrator; for app and remove-app, Application Administrator. docs/permissions.md says
what each permission is for.
TEXT
}

permissions_of() {
    case $1 in
        # generated: permission-sets
        core) echo User.Read.All Application.Read.All Mail.ReadBasic.All ;;
        domains) echo CrossTenantInformation.ReadBasic.All ;;
        recipients) echo GroupMember.Read.All OrgContact.Read.All ;;
        licenses) echo Organization.Read.All ;;
        delegated) echo Directory.Read.All ;;
        mailbox-kind) echo MailboxSettings.Read ;;
        evidence) echo ExchangeMessageTrace.Read.All AuditLog.Read.All ;;
        # end of permission-sets
        *) return 1 ;;
    esac
}
ALL_SETS='core domains recipients licenses delegated mailbox-kind evidence'

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
    show | remove) sets=all ;;
    grant | app | remove-app) sets=core ;;
    -h | --help | help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
esac
identity='' app='' name='ETD remediation triage'
while [ $# -gt 0 ]; do
    [ $# -gt 1 ] || { usage >&2; exit 2; }
    case $1 in
        --sets) sets=$2 ;;
        --identity) identity=$2 ;;
        --app) app=$2 ;;
        --name) name=$2 ;;
        *) usage >&2; exit 2 ;;
    esac
    shift 2
done
[ "$sets" = all ] && sets=$ALL_SETS
sets=${sets//,/ }
for set in $sets; do
    permissions_of "$set" >/dev/null || fail "there is no set '$set'. The sets are: $ALL_SETS"
done
CHOSEN_APP=$app STORED_APP=${TRIAGE_GRAPH_CLIENT_ID:-}
if [ "$command" = app ]; then
    app=''
    identity=${identity:-${TRIAGE_IDENTITY_PRINCIPAL_ID:-}}
elif [ -z "$identity$app" ]; then
    app=$STORED_APP
    [ -n "$app" ] || identity=${TRIAGE_IDENTITY_PRINCIPAL_ID:-}
fi
[ -z "$identity" ] || [ -z "$app" ] || fail "use --identity or --app, not both"
for id in "$identity" "$app" "$CHOSEN_APP" "$STORED_APP"; do
    case $id in *[!0-9a-fA-F-]*) fail "'$id' is not an id" ;; esac
done

sign_in_checked
graph_principal=$(by_field servicePrincipals appId "$GRAPH_APP_ID" id)
[ -n "$graph_principal" ] || fail "tenant $HOME_TENANT has no service principal of Microsoft Graph"
# The ids are read from Graph: a national cloud may not have a permission.
roles=$(read_graph "servicePrincipals/$graph_principal?\$select=appRoles" 'appRoles[].[value,id]')
role_id() { printf '%s\n' "$roles" | awk -F '\t' -v name="$1" '$1 == name { print $2; exit }'; }

if [ "$command" = app ]; then
    [ -n "$identity" ] || fail "give --identity, or set TRIAGE_IDENTITY_PRINCIPAL_ID"
    access=''
    for set in $sets; do
        for permission in $(permissions_of "$set"); do
            id=$(role_id "$permission")
            [ -z "$id" ] || access="$access${access:+,}{\"id\":\"$id\",\"type\":\"Role\"}"
        done
    done
    ensure_app "$name" graph "$identity" "{\"displayName\":\"$name\",\"signInAudience\":\"AzureADMultipleOrgs\",\"requiredResourceAccess\":[{\"resourceAppId\":\"$GRAPH_APP_ID\",\"resourceAccess\":[$access]}]}"
    ensure_trust "$identity"
    ensure_principal "$APP_CLIENT_ID"
    cat <<TEXT
Client id: $APP_CLIENT_ID
Next: azd env set TRIAGE_GRAPH_CLIENT_ID $APP_CLIENT_ID, then azd provision.
In each tenant, including this one, an administrator consents at
  $AUTHORITY/<tenant id>/adminconsent?client_id=$APP_CLIENT_ID
or runs: az login --tenant <tenant id> --allow-no-subscriptions
         infra/scripts/graph-permissions.sh grant --app $APP_CLIENT_ID
TEXT
    exit 0
fi

if [ "$command" = remove-app ]; then
    [ -n "$app" ] || fail "give --app"
    object=$(by_field applications appId "$app" id)
    if [ -z "$object" ]; then
        echo "No registration with client id $app: nothing to delete."
    else
        change_graph DELETE "applications/$object"
        echo "Registration $app: deleted. Its service principals in other tenants stay until they are deleted there."
    fi
    exit 0
fi

if [ -n "$app" ]; then
    if [ "$command" = grant ]; then
        ensure_principal "$app"
        principal=$PRINCIPAL_ID
    else
        principal=$(by_field servicePrincipals appId "$app" id)
    fi
    [ -n "$principal" ] || { echo "Tenant $HOME_TENANT has no service principal of app $app."; exit 0; }
elif [ -n "$identity" ]; then
    principal=$identity
    if [ "$command" = grant ]; then
        once_there by_field servicePrincipals id "$identity" id >/dev/null
    else
        [ -n "$(by_field servicePrincipals id "$identity" id)" ] ||
            { echo "Tenant $HOME_TENANT has no service principal $identity."; exit 0; }
    fi
else
    fail "give --identity or --app, or set TRIAGE_IDENTITY_PRINCIPAL_ID"
fi

assigned=$(read_graph "servicePrincipals/$principal/appRoleAssignments?\$top=999" \
    "value[?resourceId=='$graph_principal'].[appRoleId,id]")
assignment_of() { printf '%s\n' "$assigned" | awk -F '\t' -v role="$1" '$1 == role { print $2; exit }'; }

echo "Microsoft Graph permissions of $principal in tenant $HOME_TENANT:"
known=''
for set in $ALL_SETS; do
    for permission in $(permissions_of "$set"); do
        id=$(role_id "$permission")
        known="$known $id"
        if [ -z "$id" ]; then state='not in this cloud'
        elif [ -n "$(assignment_of "$id")" ]; then state=granted
        else state='not granted'; fi
        printf '  %-13s %-37s %s\n' "$set" "$permission" "$state"
    done
done
while IFS=$'\t' read -r id _; do
    case " $known " in *" $id "*) continue ;; esac
    [ -z "$id" ] || printf '  %-13s %-37s %s\n' - "$(printf '%s\n' "$roles" | awk -F '\t' -v id="$id" '$2 == id { print $1; exit }')" 'granted by someone else: not changed'
done <<<"$assigned"
[ "$command" != show ] || exit 0

changed=0
for set in $sets; do
    for permission in $(permissions_of "$set"); do
        id=$(role_id "$permission")
        [ -n "$id" ] || continue
        assignment=$(assignment_of "$id")
        if [ "$command" = grant ] && [ -z "$assignment" ]; then
            change_graph POST "servicePrincipals/$principal/appRoleAssignments" \
                "{\"principalId\":\"$principal\",\"resourceId\":\"$graph_principal\",\"appRoleId\":\"$id\"}" ||
                fail "$permission could not be granted. Ask a Privileged Role Administrator of tenant $HOME_TENANT to run:
  infra/scripts/graph-permissions.sh grant --sets ${sets// /,} $([ -n "$app" ] && echo "--app $app" || echo "--identity $principal")"
            echo "Granted $permission"
            changed=1
        elif [ "$command" = remove ] && [ -n "$assignment" ]; then
            change_graph DELETE "servicePrincipals/$principal/appRoleAssignments/$assignment" ||
                fail "$permission could not be removed. You need the role Privileged Role Administrator."
            echo "Removed $permission"
            changed=1
        fi
    done
done
[ "$changed" = 1 ] || echo "Nothing to $command."
