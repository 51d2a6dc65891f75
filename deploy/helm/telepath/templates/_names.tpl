{{- /* Labels by which the manager's pods are found, here and by tp. */ -}}
{{- define "telepath.selector" -}}
app.kubernetes.io/name: telepath
app.kubernetes.io/component: manager
{{- end }}

{{- define "telepath.labels" -}}
{{ include "telepath.selector" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Metadata of an object: list of the context, its name, and its namespace or "" for an object of the cluster. */ -}}
{{- define "telepath.metadata" -}}
{{- $context := index . 0 -}}
name: {{ index . 1 }}
{{- with index . 2 }}
namespace: {{ . }}
{{- end }}
labels:
  {{- include "telepath.labels" $context | nindent 2 }}
{{- with $context.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Name of what belongs to the cluster: there may be an installation in another namespace. */ -}}
{{- define "telepath.clusterName" -}}
telepath-manager-{{ .Release.Namespace }}
{{- end }}

{{- /* Name of the role of those who may engage workloads. */ -}}
{{- define "telepath.engageName" -}}
telepath-engage-{{ .Release.Namespace }}
{{- end }}

{{- define "telepath.managerImage" -}}
{{- $image := .Values.image -}}
{{- with $image.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ $image.name }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "telepath.agentImage" -}}
{{- $image := .Values.agent.image -}}
{{- with $image.registry | default .Values.image.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ $image.name }}:{{ $image.tag | default .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* A label selector as text, as kubectl and the manager's setting have it. */ -}}
{{- define "telepath.selectorText" -}}
{{- $parts := list -}}
{{- range $key, $value := .matchLabels -}}
{{- $parts = append $parts (printf "%s=%s" $key $value) -}}
{{- end -}}
{{- range .matchExpressions -}}
{{- if eq .operator "In" -}}
{{- $parts = append $parts (printf "%s in (%s)" .key (join "," .values)) -}}
{{- else if eq .operator "NotIn" -}}
{{- $parts = append $parts (printf "%s notin (%s)" .key (join "," .values)) -}}
{{- else if eq .operator "Exists" -}}
{{- $parts = append $parts .key -}}
{{- else -}}
{{- $parts = append $parts (printf "!%s" .key) -}}
{{- end -}}
{{- end -}}
{{- join "," $parts -}}
{{- end }}

{{- /* What the manager does with workloads, services and pods. */ -}}
{{- define "telepath.workloadRules" -}}
- apiGroups: [""]
  resources: [services, events]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch{{ if .Values.agentInjector.enabled }}, delete{{ end }}]
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets, replicasets]
  verbs: [get, list, watch{{ if .Values.agentInjector.enabled }}, patch{{ end }}]
- apiGroups: [argoproj.io]
  resources: [rollouts]
  verbs: [get, list, watch{{ if .Values.agentInjector.enabled }}, patch{{ end }}]
{{- end }}
