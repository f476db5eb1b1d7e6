// Everything that the service runs on, in its own resource group.
//
// Plain resources with pinned API versions, not registry modules: everything that is deployed is here, no registry has to be
// reached, and the tests can read all of it without a Bicep compiler (tests/infra).
targetScope = 'subscription'

@description('Name of the azd environment. The names of all resources are made from it.')
@minLength(1)
@maxLength(40)
param environmentName string

// The regions of the global cloud that have the Flex Consumption plan (az functionapp list-flexconsumption-locations): azd
// and the portal offer these. For a national cloud, add its region here.
@description('Region of all resources. It must have the Flex Consumption plan.')
@allowed([
  'australiaeast'
  'australiasoutheast'
  'brazilsouth'
  'canadacentral'
  'centralindia'
  'centralus'
  'eastasia'
  'eastus'
  'eastus2'
  'francecentral'
  'germanywestcentral'
  'italynorth'
  'japaneast'
  'koreacentral'
  'northcentralus'
  'northeurope'
  'norwayeast'
  'southafricanorth'
  'southcentralus'
  'southeastasia'
  'southindia'
  'spaincentral'
  'swedencentral'
  'uaenorth'
  'uksouth'
  'ukwest'
  'westcentralus'
  'westeurope'
  'westus'
  'westus2'
  'westus3'
])
@metadata({ azd: { type: 'location' } })
param location string

@description('Client ID of the app that Email Threat Defense was authorized with: Entra admin center > Enterprise applications > the app > Application ID.')
@minLength(36)
@maxLength(36)
param etdAppId string

@description('ID of the Microsoft 365 tenant to triage for. Empty: the tenant that the subscription is in.')
param tenantId string = ''

@description('How Email Threat Defense is allowed into the tenant: read_write or read.')
@allowed(['read_write', 'read'])
param etdMode string = 'read_write'

@description('For several tenants: all of them, as objects with tenantId, etdAppId and, if needed, name, mode (read_write, read or no_auth), domains and expectedPermissions. tenantId, etdAppId and etdMode are then not used.')
param tenants array = []

@description('Name of the intake queue.')
@minLength(3)
@maxLength(50)
param queueName string = 'remediation-failures'

@description('When the apps\' permissions are audited, as an NCRONTAB expression of six fields, in UTC.')
param auditSchedule string = '0 0 */6 * * *'

@description('Hours between two audits, as in auditSchedule. An alert fires if there was none for twice this time.')
@minValue(1)
@maxValue(24)
param auditIntervalHours int = 6

@description('A secret or certificate of the app that expires in fewer days than this is reported as expiring.')
@minValue(1)
@maxValue(365)
param credentialWarningDays int = 30

@description('Findings, audits and rejected events that are older than this many days are removed. 0: never.')
@minValue(0)
@maxValue(3650)
param retentionDays int = 400

@description('When they are removed, as an NCRONTAB expression of six fields, in UTC.')
param retentionSchedule string = '0 30 3 * * *'

@description('Client ID of the multi-tenant app that reads further tenants, with the managed identity as its federated credential. Empty: the managed identity reads its own tenant. infra/scripts/graph-permissions.sh app creates one.')
param graphClientId string = ''

@description('How callers of the API authenticate. keys: by function keys. easyauth: by Entra ID, with the app roles Triage.Read and Triage.Write.')
@allowed(['keys', 'easyauth'])
param authMode string = 'keys'

@description('With easyauth: client ID of the app that callers sign in to. infra/scripts/sign-in-app.sh creates one.')
param signInClientId string = ''

@description('With easyauth: client IDs of further apps whose tokens are accepted, such as one that sends failures.')
param signInAllowedApplications array = []

@description('With easyauth: true if you checked that the sign-in is on. The app needs this to start if the plan does not report that the sign-in is on.')
param signInConfirmed bool = false

@description('Recommended for production. Reach storage by private endpoints only, from a virtual network with a fixed outbound address. Costs more: docs/costs.md.')
param privateNetworking bool = false

@description('Memory of an instance, in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('HTTP requests that an instance handles at a time. The dashboard sends several at a time, which mostly wait for storage.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('Maximum number of instances. Graph\'s limits are reached first: docs/scaling.md.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Redundancy of the storage account: in one datacenter, across zones, or across regions.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_LRS'

@description('Days that telemetry is kept. The first 31 cost nothing.')
@minValue(30)
@maxValue(730)
param telemetryRetentionDays int = 30

@description('Maximum telemetry per day, in GB. Anything beyond it is dropped until the next day. -1: no limit.')
param telemetryDailyGb int = 1

@description('Addresses that alerts are sent to. Empty: alerts show in the portal only.')
param alertEmails array = []

@description('URL of the runbook, to which each alert adds its section. Empty: the alerts link to the workbook.')
param runbookUrl string = ''

@description('URL of this service in notifications. Empty: that of the function app.')
param baseUrl string = ''

@description('Further application settings, as an object of texts: those in docs/settings.md that no parameter here sets, such as RETRY_SECONDS.')
param furtherSettings object = {}

@description('Secret settings: names of application settings whose values are read from a key vault, which is created for them, such as TRIAGE_NOTIFICATIONS and ETD_APIS. The secret of ETD_APIS is ETD-APIS.')
param secretSettings array = []

@description('For a deployment without azd, such as that of the portal: the value of the setting ETD_APIS. It is written to the key vault and nowhere else. Empty: it is not written.')
@secure()
param etdApis string = ''

@description('In the same way, the value of the setting TRIAGE_NOTIFICATIONS.')
@secure()
param notifications string = ''

@description('URL of a package to deploy, such as the triage.zip of a release. Empty: azd or a pipeline uploads one.')
param packageUri string = ''

@description('Tags of all resources, in addition to azd\'s own.')
param tags object = {}

var runtimeVersion = '3.13'
// Every table and queue that the service uses. It would make them itself, but then their first use would be slower.
var tableNames = ['findings', 'incidents', 'exposures', 'audits', 'rejected', 'coverage', 'feeds']
var queueNames = [queueName, '${queueName}-poison', '${queueName}-looks', '${queueName}-looks-poison']

var graphEndpoints = {
  AzureCloud: 'https://graph.microsoft.com'
  AzureUSGovernment: 'https://graph.microsoft.us'
  AzureChinaCloud: 'https://microsoftgraph.chinacloudapi.cn'
}
// As the service reads them (docs/settings.md). The names of secrets have no underscores.
var onlyTenant = { tenantId: empty(tenantId) ? tenant().tenantId : tenantId, etdAppId: etdAppId, mode: etdMode }
var givenSecrets = union(empty(etdApis) ? [] : ['ETD_APIS'], empty(notifications) ? [] : ['TRIAGE_NOTIFICATIONS'])
var allSecrets = union(secretSettings, givenSecrets)
var allTenants = empty(tenants) ? [onlyTenant] : tenants
var token = toLower(uniqueString(subscription().id, environmentName, location))
var allTags = union(tags, { 'azd-env-name': environmentName })

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: allTags
}

module identity 'app/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-triage-${token}'
    location: location
    tags: allTags
  }
}

module network 'app/network.bicep' = if (privateNetworking) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-triage-${token}'
    location: location
    tags: allTags
  }
}

module storage 'app/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'st${token}'
    location: location
    tags: allTags
    sku: storageSku
    queueNames: queueNames
    tableNames: tableNames
    identityPrincipalId: identity.outputs.principalId
    endpointSubnetId: privateNetworking ? network!.outputs.endpointSubnetId : ''
    privateDnsZoneIds: privateNetworking ? network!.outputs.privateDnsZoneIds : {}
  }
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-triage-${token}'
    name: 'appi-triage-${token}'
    location: location
    tags: allTags
    retentionDays: telemetryRetentionDays
    dailyGb: telemetryDailyGb
    identityPrincipalId: identity.outputs.principalId
  }
}

module vault 'app/vault.bicep' = if (!empty(allSecrets)) {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: allTags
    identityPrincipalId: identity.outputs.principalId
    etdApis: etdApis
    notifications: notifications
  }
}

module function 'app/function.bicep' = {
  name: 'function'
  scope: group
  params: {
    planName: 'plan-triage-${token}'
    name: 'func-triage-${token}'
    location: location
    tags: allTags
    runtimeVersion: runtimeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.name
    deploymentContainer: storage.outputs.deploymentContainer
    insightsName: monitoring.outputs.name
    subnetId: privateNetworking ? network!.outputs.functionSubnetId : ''
    authMode: authMode
    signInClientId: signInClientId
    signInAllowedApplications: signInAllowedApplications
    httpConcurrency: httpConcurrency
    packageUri: packageUri
    vaultUri: !empty(allSecrets) ? vault!.outputs.uri : ''
    secretSettings: allSecrets
    settings: union(furtherSettings, {
      TRIAGE_TENANTS: string(allTenants)
      TRIAGE_QUEUE: queueName
      AUDIT_SCHEDULE: auditSchedule
      GRAPH_ENDPOINT: graphEndpoints[environment().name]
      TRIAGE_GRAPH_CLIENT_ID: graphClientId
      TRIAGE_AUTH: authMode
      TRIAGE_SIGN_IN_CONFIRMED: string(signInConfirmed)
      CREDENTIAL_WARNING_DAYS: string(credentialWarningDays)
      RETENTION_DAYS: string(retentionDays)
      RETENTION_SCHEDULE: retentionSchedule
      TRIAGE_BASE_URL: baseUrl
    })
  }
}

module alerts 'app/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: allTags
    insightsName: monitoring.outputs.name
    emails: alertEmails
    runbookUrl: runbookUrl
    workbookId: workbook.outputs.id
    auditIntervalHours: auditIntervalHours
  }
}

module workbook 'app/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: allTags
    insightsName: monitoring.outputs.name
  }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_NAME string = function.outputs.name
output TRIAGE_API string = 'https://${function.outputs.hostName}/api'
output TRIAGE_IDENTITY_CLIENT_ID string = identity.outputs.clientId
output TRIAGE_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
output TRIAGE_KEY_VAULT string = !empty(allSecrets) ? vault!.outputs.name : ''
output TRIAGE_QUEUE_ID string = storage.outputs.intakeQueueId
output TRIAGE_QUEUE_ENDPOINT string = '${storage.outputs.queueEndpoint}${queueName}'
