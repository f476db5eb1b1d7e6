// The storage account: intake and poison queue, the tables, the container of the deployed package, and the host's own
// blobs (leases of timers, keys). No shared keys: everyone comes with an identity.

@description('Name of the storage account.')
@minLength(3)
@maxLength(24)
param name string
@description('Region.')
param location string
@description('Tags.')
param tags object
@description('Redundancy.')
param sku string
@description('Queues to make.')
param queueNames array
@description('Tables to make.')
param tableNames array
@description('Object id of the service\'s managed identity.')
param identityPrincipalId string
@description('Subnet of the private endpoints. Empty: the account is reached over its public address.')
param endpointSubnetId string
@description('Private DNS zones by service: blob, queue, table.')
param privateDnsZoneIds object

var private = !empty(endpointSubnetId)
var deploymentContainer = 'deployments'
// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage
var roles = {
  // The host keeps leases, keys and the package in blobs; its timers need more than Contributor has.
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  // Reads and deletes messages, sends retriages, makes a queue that is missing.
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  // Findings, audits, rejected events.
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    supportsHttpsTrafficOnly: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: private ? 'Deny' : 'Allow'
      bypass: 'None'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource deployments 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: deploymentContainer
  properties: { publicAccess: 'None' }
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [
  for queueName in queueNames: {
    parent: queues
    name: queueName
  }
]

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-01-01' = [
  for tableName in tableNames: {
    parent: tables
    name: tableName
  }
]

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in items(roles): {
    scope: account
    name: guid(account.id, identityPrincipalId, role.value)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.value)
      principalId: identityPrincipalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = [
  for zone in items(privateDnsZoneIds): {
    name: 'pe-${name}-${zone.key}'
    location: location
    tags: tags
    properties: {
      subnet: { id: endpointSubnetId }
      privateLinkServiceConnections: [
        {
          name: zone.key
          properties: {
            privateLinkServiceId: account.id
            groupIds: [zone.key]
          }
        }
      ]
    }
  }
]

resource endpointZone 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [
  for (zone, index) in items(privateDnsZoneIds): {
    parent: endpoint[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: zone.key
          properties: { privateDnsZoneId: zone.value }
        }
      ]
    }
  }
]

// Whoever uses the account's name waits for its roles and its container.
output name string = account.name
output deploymentContainer string = deployments.name
output intakeQueueId string = queue[0].id
output queueEndpoint string = account.properties.primaryEndpoints.queue
