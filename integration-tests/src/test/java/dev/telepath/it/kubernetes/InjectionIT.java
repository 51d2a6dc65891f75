package dev.telepath.it.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.Result;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Agents brought into workloads of a real cluster, by annotation and on demand. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NullUnmarked
class InjectionIT {

    private ClusterRig rig;
    private LocalProcess local;

    @BeforeAll
    void install() throws IOException {
        rig = ClusterRig.here();
        local = LocalProcess.start();
        rig.start();
        rig.connect(rig.open());
    }

    @AfterAll
    void uninstall() {
        if (local != null) {
            local.close();
        }
        if (rig != null) {
            rig.close();
        }
    }

    private Result intercept(String where, String name) {
        return rig.tp("intercept", name, "--namespace", where, "--port", local.port() + ":80");
    }

    private void interceptedAndLeft(String where, String name) {
        Result intercepted = intercept(where, name);
        assertThat(intercepted.exit()).as(intercepted.all()).isZero();
        await().atMost(Duration.ofSeconds(30))
                .until(() -> rig.called(where, name).contains(LocalProcess.TEXT));
        Result left = rig.tp("leave", name);
        assertThat(left.exit()).as(left.all()).isZero();
        await().atMost(Duration.ofSeconds(30))
                .until(() -> rig.called(where, name).contains("\"uri\": \"/whoami\""));
    }

    @Test
    void anAnnotatedWorkloadOfARestrictedNamespaceIsInterceptedAndLeft() {
        rig.echo(rig.restricted(), "Deployment", "annotated", "http", "enabled");
        assertThat(containers(rig.restricted(), "annotated")).contains("telepath-agent");
        interceptedAndLeft(rig.restricted(), "annotated");
    }

    @ParameterizedTest
    @CsvSource({"Deployment,web,http", "StatefulSet,db,http", "DaemonSet,node,http", "Deployment,numeric,8080"})
    void anInterceptBringsTheAgentThatItNeeds(String kind, String name, String targetPort) throws IOException {
        rig.echo(rig.open(), kind, name, targetPort, "");
        assertThat(containers(rig.open(), name)).doesNotContain("telepath-agent");
        interceptedAndLeft(rig.open(), name);
        // With an agent in a workload of the same name.
        assertThat(rig.calledFromHere(rig.open(), name)).contains("\"uri\": \"/whoami\"");
    }

    @Test
    void aNumericPortOfARestrictedNamespaceIsRefusedWithTheReason() {
        rig.echo(rig.restricted(), "Deployment", "numeric", "8080", "");
        Result refused = intercept(rig.restricted(), "numeric");
        assertThat(refused.exit()).isNotZero();
        assertThat(refused.all()).contains("restricted", "name the port in the container");
        assertThat(rig.called(rig.restricted(), "numeric")).contains("/whoami");
    }

    @Test
    void anImageThatIsNotThereIsNamedAndTheWorkloadIsAsBefore() {
        rig.echo(rig.open(), "Deployment", "unlucky", "http", "");
        rig.agentImage("no-such-agent:9");
        try {
            Result failed = intercept(rig.open(), "unlucky");
            assertThat(failed.exit()).isNotZero();
            assertThat(failed.all()).contains("no-such-agent:9", "cannot be pulled", "put back as it was");
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> !containers(rig.open(), "unlucky").contains("telepath-agent"));
            assertThat(rig.called(rig.open(), "unlucky")).contains("/whoami");
        } finally {
            rig.agentImage(null);
        }
    }

    private String containers(String where, String name) {
        return rig.kubectl(
                        "-n", where, "get", "pods", "-l", "app=" + name, "-o", "jsonpath={..spec.containers[*].name}")
                .orFail()
                .out();
    }
}
