package dev.telepath.it.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.Result;
import java.time.Duration;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** What {@code tp intercept} says when the cluster does not let an agent in, and that the workload is as before. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(180)
@NullUnmarked
class InjectionFailuresIT {
    private static final String STAMP = "telepath.dev/restarted-at";
    /** Less than the manager waits for an agent that nothing is known of. */
    private static final Duration SECONDS = Duration.ofSeconds(20);

    private ClusterRig rig;

    @BeforeAll
    void install() {
        rig = ClusterRig.here();
        rig.start();
        rig.connect(rig.open());
    }

    @AfterAll
    void uninstall() {
        if (rig != null) {
            rig.close();
        }
    }

    /** Fails with these words, and before the time that an agent may take is over. */
    private void refused(String where, String name, String... words) {
        long began = System.nanoTime();
        Result result = rig.tp("intercept", name, "--namespace", where, "--port", "9:80");
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        System.out.printf(
                "%s after %d ms: %s%n", name, took.toMillis(), result.all().strip());
        assertThat(result.exit()).as(result.all()).isNotZero();
        assertThat(result.all()).contains(words).doesNotContain("agents.arrival", "timed out");
        assertThat(took).isLessThan(SECONDS);
        await().atMost(Duration.ofSeconds(30))
                .until(() -> !template(where, name).contains(STAMP));
    }

    private String template(String where, String name) {
        return rig.kubectl("-n", where, "get", "deployment", name, "-o", "jsonpath={.spec.template.metadata}")
                .orFail()
                .out();
    }

    @Test
    void aQuotaThatHasNoRoomForThePodIsNamed() {
        rig.echo(rig.open(), "Deployment", "poor", "http", "");
        rig.kubectl("-n", rig.open(), "create", "quota", "tight", "--hard=pods=0")
                .orFail();
        try {
            rig.kubectl(
                            "-n",
                            rig.open(),
                            "wait",
                            "quota/tight",
                            "--for=jsonpath={.status.hard.pods}=0",
                            "--timeout=30s")
                    .orFail();
            refused(rig.open(), "poor", "quota of the namespace", "tight", "put back as it was");
            assertThat(rig.called(rig.open(), "poor")).contains("/whoami");
        } finally {
            rig.kubectl("-n", rig.open(), "delete", "quota", "tight").orFail();
        }
    }

    @Test
    void aPodThatNoNodeTakesIsToldWithTheSchedulersWords() {
        rig.echo(rig.open(), "Deployment", "homeless", "http", "");
        rig.kubectl(
                        "-n",
                        rig.open(),
                        "patch",
                        "deployment",
                        "homeless",
                        "-p",
                        "{\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":{\"moon\":\"full\"}}}}}")
                .orFail();
        refused(rig.open(), "homeless", "no node takes pod homeless-", "node affinity/selector");
    }

    @Test
    void aPodThatTheNamespacesSecurityLevelForbidsIsTold() {
        rig.kubectl("-n", rig.restricted(), "create", "deployment", "rough", "--image=echo:1", "--port=8080")
                .orFail();
        rig.kubectl("-n", rig.restricted(), "expose", "deployment", "rough", "--port=80", "--target-port=8080")
                .orFail();
        refused(rig.restricted(), "rough", "pod security level forbids", "restricted");
    }

    @Test
    void anAgentThatIsKilledForItsMemoryIsToldWithTheExitCodeAndTheReason() {
        rig.echo(rig.open(), "Deployment", "cramped", "http", "");
        rig.managerSettings("TELEPATH_MANAGER_AGENTS_MEMORY_REQUEST=16Mi", "TELEPATH_MANAGER_AGENTS_MEMORY_LIMIT=16Mi");
        try {
            refused(rig.open(), "cramped", "container telepath-agent of pod cramped-", "exit code 137 (OOMKilled)");
        } finally {
            rig.managerSettings("TELEPATH_MANAGER_AGENTS_MEMORY_REQUEST-", "TELEPATH_MANAGER_AGENTS_MEMORY_LIMIT-");
        }
    }

    @Test
    void anImageThatIsNoAgentsIsToldWithWhatKeepsItFromStarting() {
        rig.echo(rig.open(), "Deployment", "looping", "http", "");
        rig.agentImage("busybox:1");
        try {
            refused(
                    rig.open(),
                    "looping",
                    "container telepath-agent of pod looping-",
                    "cannot be started (RunContainerError)");
        } finally {
            rig.agentImage(null);
        }
    }

    @Test
    void aWebhookThatTheApiServerDoesNotReachIsTold() {
        rig.echo(rig.open(), "Deployment", "deaf", "http", "");
        webhook("/clientConfig/service/port", "9");
        try {
            refused(rig.open(), "deaf", "came up without an agent", "did not call the webhook", "Service");
            webhook("/failurePolicy", "\"Fail\"");
            refused(rig.open(), "deaf", "an admission webhook refused the pod", "failed calling webhook");
            assertThat(rig.called(rig.open(), "deaf")).contains("/whoami");
        } finally {
            webhook("/failurePolicy", "\"Ignore\"");
            webhook("/clientConfig/service/port", "8443");
        }
    }

    private void webhook(String path, String value) {
        rig.kubectl(
                        "patch",
                        "mutatingwebhookconfiguration",
                        rig.webhook(),
                        "--type=json",
                        "-p",
                        "[{\"op\":\"replace\",\"path\":\"/webhooks/0%s\",\"value\":%s}]".formatted(path, value))
                .orFail();
    }

    @Test
    void aNamespaceThatTheWebhookIsNotAskedForIsTold() {
        rig.echo(rig.unasked(), "Deployment", "unheard", "http", "");
        refused(rig.unasked(), "unheard", "came up without an agent", "did not call the webhook", "namespaceSelector");
        assertThat(rig.called(rig.unasked(), "unheard")).contains("/whoami");
    }

    @Test
    void aWebhookConfigurationThatIsGoneIsToldAndOneThatIsBackWorks() {
        rig.echo(rig.open(), "Deployment", "orphan", "http", "");
        rig.kubectl("delete", "mutatingwebhookconfiguration", rig.webhook()).orFail();
        try {
            refused(rig.open(), "orphan", "there is no MutatingWebhookConfiguration " + rig.webhook());
        } finally {
            rig.manager();
        }
        await().atMost(Duration.ofSeconds(30))
                .until(() -> !rig.kubectl(
                                "get", "mutatingwebhookconfiguration", rig.webhook(), "-o", "jsonpath={..caBundle}")
                        .out()
                        .isBlank());
        await().atMost(Duration.ofSeconds(60))
                .until(() -> rig.tp("intercept", "orphan", "--namespace", rig.open(), "--port", "9:80")
                                .exit()
                        == 0);
        rig.tp("leave", "orphan").orFail();
    }
}
