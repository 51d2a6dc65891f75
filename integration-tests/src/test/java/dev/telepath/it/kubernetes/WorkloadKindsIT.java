package dev.telepath.it.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.Result;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kinds of workloads and of ports that are rarer than a Deployment behind one Service. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(180)
@NullUnmarked
class WorkloadKindsIT {
    private static final Duration SOON = Duration.ofSeconds(60);

    private ClusterRig rig;
    private LocalProcess local;
    private boolean ownDefinition;

    @BeforeAll
    void install() throws IOException {
        rig = ClusterRig.here();
        local = LocalProcess.start();
        // Before the manager, which looks once, at its start, whether Rollouts are known.
        ownDefinition = rig.kubectl("get", "crd", "rollouts.argoproj.io").exit() != 0;
        if (ownDefinition) {
            rig.apply("default", "rollout-definition.yaml", Map.of());
            rig.kubectl("wait", "--for=condition=Established", "crd/rollouts.argoproj.io", "--timeout=30s")
                    .orFail();
        }
        rig.start();
        rig.connect(rig.open());
    }

    @AfterAll
    void uninstall() {
        if (local != null) {
            local.close();
        }
        if (rig != null) {
            if (ownDefinition) {
                rig.kubectl("delete", "crd", "rollouts.argoproj.io", "--wait=false");
            }
            rig.close();
        }
    }

    private Result intercept(String name, String... ports) {
        var command = new ArrayList<>(List.of("intercept", name, "--namespace", rig.open()));
        Arrays.stream(ports).forEach(port -> command.addAll(List.of("--port", port)));
        return rig.tp(command.toArray(String[]::new));
    }

    private void interceptedAndLeft(String name, String port, String address) {
        Result intercepted = intercept(name, local.port() + ":" + port);
        assertThat(intercepted.exit()).as(intercepted.all()).isZero();
        await().atMost(SOON).until(() -> rig.got(address).contains(LocalProcess.TEXT));
        rig.tp("leave", name).orFail();
        await().atMost(SOON).until(() -> rig.got(address).contains("\"uri\": \"/whoami\""));
    }

    private String at(String service) {
        return service + "." + rig.open();
    }

    @ParameterizedTest
    @ValueSource(strings = {"StatefulSet", "DaemonSet", "ReplicaSet"})
    void everyKindGivesItsContainerAwayAndGetsItBack(String kind) {
        String name = "given-" + kind.toLowerCase(Locale.ROOT);
        rig.echo(rig.open(), kind, name, "http", "");
        String before = rig.template(rig.open(), kind, name);

        Result replaced = rig.tp("replace", name, "--namespace", rig.open(), "--port", local.port() + ":8080");
        assertThat(replaced.exit()).as(replaced.all()).isZero();
        await().atMost(SOON).until(() -> rig.got(at(name)).contains(LocalProcess.TEXT));
        await().atMost(SOON).until(() -> rig.containers(rig.open(), name).equals("telepath-agent"));

        rig.tp("leave", name).orFail();
        await().atMost(SOON).until(() -> rig.got(at(name)).contains("\"uri\": \"/whoami\""));
        await().atMost(SOON).until(() -> rig.containers(rig.open(), name).equals("echo"));
        assertThat(rig.template(rig.open(), kind, name)).isEqualTo(before);
    }

    @Test
    void aReplicaSetWithoutOwnerGetsItsAgentInPodsThatAreMadeAnew() {
        rig.echo(rig.open(), "ReplicaSet", "bare", "http", "");
        interceptedAndLeft("bare", "80", at("bare"));
    }

    @Test
    void aStatefulSetBehindAHeadlessServiceIsInterceptedAtThePodsOwnName() {
        rig.workload("headless", Map.of());
        rig.podsAreReady(rig.open(), "headless");
        interceptedAndLeft("headless", "8080", "headless-0." + at("headless") + ":8080");
    }

    @Test
    void aPortThatNoServiceLeadsToIsInterceptedWhereAnAnnotationNamesIt() {
        rig.workload("alone", Map.of());
        rig.podsAreReady(rig.open(), "alone");
        String address = rig.kubectl(
                                "-n",
                                rig.open(),
                                "get",
                                "pods",
                                "-l",
                                "app=alone",
                                "-o",
                                "jsonpath={.items[0].status.podIP}")
                        .orFail()
                        .out()
                + ":8080";
        interceptedAndLeft("alone", "8080", address);
    }

    @Test
    void podsWhoseOwnersLeadToARolloutAreIntercepted() {
        rig.workload("rollout", Map.of());
        String uid = rig.kubectl("-n", rig.open(), "get", "rollout", "canary", "-o", "jsonpath={.metadata.uid}")
                .orFail()
                .out();
        rig.workload("rollout-pods", Map.of("OWNER", uid));
        rig.podsAreReady(rig.open(), "canary");
        assertThat(rig.tp("list", "--namespace", rig.open()).out()).contains("canary");
        interceptedAndLeft("canary", "80", at("canary"));
    }

    @Test
    void severalPortsOfOneWorkloadGoTheirOwnWaysByTcpAndUdp() throws Exception {
        rig.workload("ports", Map.of());
        rig.podsAreReady(rig.open(), "ports");
        try (var datagrams = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            Result intercepted = intercept(
                    "ports", local.port() + ":80", local.port() + ":81", datagrams.getLocalPort() + ":53/udp");
            assertThat(intercepted.exit()).as(intercepted.all()).isZero();
            await().atMost(SOON).until(() -> rig.got(at("ports")).contains(LocalProcess.TEXT));
            assertThat(rig.got(at("ports") + ":81")).contains(LocalProcess.TEXT);
            Thread.ofVirtual().start(() -> answer(datagrams));
            await().atMost(SOON)
                    .until(() -> rig.inCaller("nslookup", "marker.test", at("ports"))
                            .all()
                            .contains("NXDOMAIN"));
            rig.tp("leave", "ports").orFail();
            await().atMost(SOON).until(() -> rig.got(at("ports")).contains("\"uri\": \"/whoami\""));
        }
    }

    /** As a name server that knows nothing. */
    private static void answer(DatagramSocket socket) {
        try {
            while (true) {
                var packet = new DatagramPacket(new byte[1500], 1500);
                socket.receive(packet);
                packet.getData()[2] |= (byte) 0x80;
                packet.getData()[3] = 3;
                socket.send(packet);
            }
        } catch (IOException e) {
            // Closed at the end of the test.
        }
    }
}
