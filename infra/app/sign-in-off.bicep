// Turns Easy Auth off. A module of its own: the template that turns it on may not have the same resource twice.

@description('Name of the function app.')
param name string

resource app 'Microsoft.Web/sites@2024-11-01' existing = {
  name: name
}

resource signIn 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: { platform: { enabled: false } }
}
