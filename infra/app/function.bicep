// The function app, on the Flex Consumption plan: nothing runs, and nothing is paid for, while nothing has failed.

@description('Name of the plan.')
param planName string
@description('Name of the function app.')
param name string
@description('Region.')
param location string
@description('Tags.')
param tags object
@description('Python version.')
param runtimeVersion string
@description('Memory of an instance, in MB.')
param instanceMemoryMB int
@description('Most instances at a time.')
param maximumInstanceCount int
@description('Resource id of the managed identity.')
param identityId string
@description('Client id of the managed identity.')
param identityClientId string
@description('Name of the storage account.')
param storageName string
@description('Container of the deployed package.')
param deploymentContainer string
@description('Name of the Application Insights resource.')
param insightsName string
@description('Subnet of the function app. Empty: no virtual network.')
param subnetId string
@description('keys or easyauth.')
param authMode string
@description('With easyauth: client id of the app that callers sign in to.')
param signInClientId string
@description('With easyauth: further apps whose tokens are accepted.')
param signInAllowedApplications array
@description('HTTP requests that an instance answers at a time.')
param httpConcurrency int
@description('Address of a package to deploy. Empty: it is uploaded later.')
param packageUri string
@description('Address of the key vault with the secret settings. Empty: there are none.')
param vaultUri string
@description('Names of the secret settings.')
param secretSettings array
@description('The service\'s own settings.')
param settings object

// Where Easy Auth finds the managed identity that it uses in place of a client secret.
var signInIdentitySetting = 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
var signInSettings = authMode == 'easyauth' ? { '${signInIdentitySetting}': identityClientId } : {}
var needsSignInApp = authMode == 'easyauth' && empty(signInClientId)
var signInApp = needsSignInApp ? fail('authMode easyauth needs signInClientId: see docs/deploy.md, Sign-in') : signInClientId
// The Azure CLI's own app, with which people get a token for the command line (infra/scripts/sign-in-app.sh allows it too).
var azureCli = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'
// The platform reads their values from the vault, as the identity. Names of secrets have no underscores.
var secretReference = '@Microsoft.KeyVault(SecretUri={0}secrets/{1})'
var secrets = toObject(secretSettings, setting => setting, setting => format(secretReference, vaultUri, replace(setting, '_', '-')))

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'triage' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    keyVaultReferenceIdentity: identityId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${account.properties.primaryEndpoints.blob}${deploymentContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: runtimeVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        // Unless set, an instance of a Python app answers one request at a time, and the dashboard starts an instance for each.
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      // No ftpsState: the plan has no FTP, and refuses a template that sets it (error 51021).
    }
  }
}

resource appSettings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  // With easyauth the app trusts the header of the sign-in, so the sign-in is on first.
  dependsOn: [signIn]
  properties: union(settings, secrets, signInSettings, {
    // The host's own storage: leases of timers, function keys.
    AzureWebJobsStorage__blobServiceUri: account.properties.primaryEndpoints.blob
    AzureWebJobsStorage__queueServiceUri: account.properties.primaryEndpoints.queue
    AzureWebJobsStorage__tableServiceUri: account.properties.primaryEndpoints.table
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    // The service's queues and tables.
    TriageStorage__queueServiceUri: account.properties.primaryEndpoints.queue
    TriageStorage__tableServiceUri: account.properties.primaryEndpoints.table
    TriageStorage__credential: 'managedidentity'
    TriageStorage__clientId: identityClientId
    // Which identity azure-identity takes, and whom it asks for tokens.
    AZURE_CLIENT_ID: identityClientId
    AZURE_AUTHORITY_HOST: environment().authentication.loginEndpoint
    // No secret: it says where to send, and only the identity may.
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    // The host hands each invocation's trace to the service, which sends its own log lines (triage/telemetry/instruments.py).
    PYTHON_ENABLE_OPENTELEMETRY: 'true'
  })
}

// No user names and passwords for deployment: azd and the CLI sign in to Entra ID.
resource ftpPublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource scmPublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

// Easy Auth says who calls, in a header that is trusted because of TRIAGE_AUTH alone: both come from authMode.
resource signIn 'Microsoft.Web/sites/config@2024-11-01' = if (authMode == 'easyauth') {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: ['/api/health']
    }
    httpSettings: { requireHttps: true }
    login: { tokenStore: { enabled: false } }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: signInApp
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          clientSecretSettingName: signInIdentitySetting
        }
        validation: {
          allowedAudiences: [signInApp, 'api://${signInApp}']
          defaultAuthorizationPolicy: { allowedApplications: union([signInApp, azureCli], signInAllowedApplications) }
        }
      }
    }
  }
}

// Turned off last, for as long as the app trusts the header. A deployment leaves alone what is only left out.
module signInOff 'sign-in-off.bicep' = if (authMode != 'easyauth') {
  name: 'sign-in-off'
  dependsOn: [appSettings]
  params: { name: app.name }
}

// The container of packages and the identity's role on it are there: storageName comes from the module that creates them.
resource package 'Microsoft.Web/sites/extensions@2022-09-01' = if (!empty(packageUri)) {
  parent: app
  name: 'onedeploy'
  dependsOn: [appSettings]
  // https://learn.microsoft.com/azure/azure-functions/functions-infrastructure-as-code (One deploy). Bicep's types lack it.
  #disable-next-line BCP187 BCP037
  properties: {
    packageUri: packageUri
    remoteBuild: false
  }
}

output name string = app.name
output hostName string = app.properties.defaultHostName
