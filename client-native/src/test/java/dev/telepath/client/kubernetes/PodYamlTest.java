package dev.telepath.client.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import org.junit.jupiter.api.Test;

class PodYamlTest {
    private static final String POD = """
            apiVersion: v1
            kind: Pod
            metadata:
              name: web-1
              namespace: shop
              annotations:
                kubectl.kubernetes.io/last-applied-configuration: '{"env": "hunter2"}'
                telepath.dev/inject: enabled
              managedFields:
                - manager: kubectl
            spec:
              initContainers:
                - name: migrate
                  image: migrate:1
                  command: [migrate, --db-password, hunter2, --verbose]
              containers:
                - name: web
                  image: web:1
                  args: [--listen=:8080, --api-key=hunter2, "postgres://user:hunter2@db/shop", plain]
                  env:
                    - name: HARMLESS
                      value: hunter2
                    - name: REFERENCE
                      valueFrom: {secretKeyRef: {name: credentials, key: password}}
                - name: telepath-agent
                  image: agent:1
                  env:
                    - name: TELEPATH_APP_HARMLESS
                      value: hunter2
                    - name: TELEPATH_LOG_LEVEL
                      value: debug
                    - name: TELEPATH_TOKEN
                      value: hunter2
            """;

    @Test
    void aPodIsShownWithoutAnySecret() {
        String shown = PodYaml.of(Serialization.unmarshal(POD, Pod.class));

        assertThat(shown).doesNotContain("hunter2").doesNotContain("managedFields");
    }

    @Test
    void whatHelpsToUnderstandAPodStaysInIt() {
        String shown = PodYaml.of(Serialization.unmarshal(POD, Pod.class));

        assertThat(shown)
                .contains("telepath.dev/inject", "--listen=:8080", "plain", "--verbose", "HARMLESS", "debug")
                .contains("credentials")
                .contains("postgres://***@db/shop");
    }
}
