// Package lti is the tool's side of LTI 1.3 Advantage: login and launch with
// every check, roles, key sets, the tool's own keys, access tokens, grades
// (AGS) and the answer to deep linking. It knows no HTTP server and no
// database: what it needs of them are small interfaces.
package lti

// Names of claims, as in LTI Core 1.3, Deep Linking 2.0, AGS 2.0, NRPS 2.0.
const (
	claimPrefix             = "https://purl.imsglobal.org/spec/lti/claim/"
	claimMessageType        = claimPrefix + "message_type"
	claimVersion            = claimPrefix + "version"
	claimDeploymentID       = claimPrefix + "deployment_id"
	claimTargetLinkURI      = claimPrefix + "target_link_uri"
	claimResourceLink       = claimPrefix + "resource_link"
	claimRoles              = claimPrefix + "roles"
	claimContext            = claimPrefix + "context"
	claimToolPlatform       = claimPrefix + "tool_platform"
	claimLaunchPresentation = claimPrefix + "launch_presentation"
	claimCustom             = claimPrefix + "custom"

	claimDLPrefix    = "https://purl.imsglobal.org/spec/lti-dl/claim/"
	claimDLSettings  = claimDLPrefix + "deep_linking_settings"
	claimDLItems     = claimDLPrefix + "content_items"
	claimDLData      = claimDLPrefix + "data"
	claimDLMsg       = claimDLPrefix + "msg"
	claimDLLog       = claimDLPrefix + "log"
	claimDLErrorMsg  = claimDLPrefix + "errormsg"
	claimDLErrorLog  = claimDLPrefix + "errorlog"
	claimAGSEndpoint = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
	claimNRPS        = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
)

const ltiVersion = "1.3.0"

// MessageType is what a launch is for.
type MessageType string

// The messages that are accepted, and the answer to deep linking.
const (
	ResourceLinkRequest MessageType = "LtiResourceLinkRequest"
	DeepLinkingRequest  MessageType = "LtiDeepLinkingRequest"

	deepLinkingResponse MessageType = "LtiDeepLinkingResponse"
)

// OAuth scopes of AGS 2.0.
const (
	AGSLineItem         = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
	AGSLineItemReadOnly = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
	AGSResultReadOnly   = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
	AGSScore            = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
)
