// A key vault for settings that are secrets. It has no access keys and no policies: roles alone, and the service may only read.

@description('Name of the key vault.')
@minLength(3)
@maxLength(24)
param name string
@description('Region.')
param location string
@description('Tags.')
param tags object
@description('Object id of the service\'s managed identity.')
param identityPrincipalId string
@description('Value of the setting ETD_APIS. Empty: it is not written here.')
@secure()
param etdApis string
@description('Value of the setting TRIAGE_NOTIFICATIONS. Empty: it is not written here.')
@secure()
param notifications string

// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security
var keyVaultSecretsUser = '4633458b-17de-408a-b874-0445c86b69e6'

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
    softDeleteRetentionInDays: 7
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, identityPrincipalId, keyVaultSecretsUser)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsUser)
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
  }
}

// The names are those that function.bicep refers to. A secret that is there stays as it is if its value is not given.
resource etdApisSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(etdApis)) {
  parent: vault
  name: 'ETD-APIS'
  tags: tags
  properties: {
    contentType: 'application/json'
    value: etdApis
  }
}

resource notificationsSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(notifications)) {
  parent: vault
  name: 'TRIAGE-NOTIFICATIONS'
  tags: tags
  properties: {
    contentType: 'application/json'
    value: notifications
  }
}

output name string = vault.name
output uri string = vault.properties.vaultUri
