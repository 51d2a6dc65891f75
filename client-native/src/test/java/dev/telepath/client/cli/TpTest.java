package dev.telepath.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TpTest {
    @TempDir
    Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void privateHome() {
        environment.put("TELEPATH_HOME", folder.resolve("h").toString());
        environment.put("XDG_CONFIG_HOME", folder.toString());
    }

    private int tp(String... args) {
        out.reset();
        err.reset();
        return Tp.run(
                new Console(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        environment),
                args);
    }

    private String printed() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String said() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @CsvSource({
        "list, 3",
        "status, 3",
        "env, 3",
        "env --json, 3",
        "env --unset, 0",
        "env --shell csh, 2",
        "env --unset --shell csh, 2",
        "leave web, 3",
        "intercept web, 3",
        "intercept web --port 8080:http --port 9090:admin, 3",
        "replace web, 3",
        "replace web --port all --container app, 3",
        "replace web --port 8080:http -- true, 3",
        "ingest web -- true, 3",
        "loglevel debug, 3",
        "quit, 0",
        "version, 0",
        "doctor, 1",
        "config view, 0",
        "intercept, 2",
        "intercept web --port 0, 2",
        "intercept web --port 8080:x/sctp, 2",
        "replace, 2",
        "replace web --port all --port 8080, 2",
        "replace web --port every, 2",
        "replace web --service web, 2",
        "intercept web --mechanism http, 2",
        "intercept web --http-header x-user=alice --http-path-prefix /api --http-method GET, 3",
        "intercept web --http-header alice, 2",
        "intercept web --http-header a=1 --http-header a=2, 2",
        "intercept web --http-path-regex (, 2",
        "intercept web --http-path-equal api, 2",
        "intercept web --http-method G/T, 2",
        "wiretap web --http-header x-user=(, 2",
        "replace web --http-header x-user=alice, 2",
        "intercept web --env-syntax bash, 2",
        "list --output xml, 2",
        "loglevel loud, 2",
        "loglevel debug --duration soon, 2",
        "connect, 2",
        "connect --manager x --proxy-port 70000, 2",
        "completion powershell, 2",
        "install --dry-run, 0",
        "upgrade --dry-run --namespace tools --set image.registry=r --set agent.port=9950 --set-string image.tag=2, 0",
        "install --dry-run --set imgae.tag=1, 2",
        "install --values nowhere.yaml, 2",
        "install --kubeconfig nowhere, 2",
        "install --timeout soon, 2",
        "upgrade --reuse-values --reset-values, 2",
        "upgrade --reuse-values --dry-run, 2",
        "uninstall --kubeconfig nowhere, 2",
        "nonsense, 2",
        "list --nonsense, 2"
    })
    void everyMistakeHasItsExitCode(String command, int code) {
        assertThat(tp(command.split(" "))).as(this::said).isEqualTo(code);
        if (code == 2) {
            assertThat(said()).startsWith("error: ").contains("next: ");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "connect",
                "quit",
                "status",
                "env",
                "list",
                "intercept",
                "replace",
                "wiretap",
                "ingest",
                "leave",
                "version",
                "doctor",
                "loglevel",
                "gather-logs",
                "completion",
                "config"
            })
    void everyCommandExplainsItself(String command) {
        assertThat(tp(command, "--help")).isZero();
        assertThat(printed()).contains("Usage: tp " + command).contains("--output");
    }

    @Test
    void aWrongConfigurationFileStopsEveryCommand() throws IOException {
        Path file = Files.writeString(folder.resolve("c.yml"), "namespace: a\nproxi:\n  port: 1\n");

        assertThat(tp("status", "--config", file.toString())).isEqualTo(2);
        assertThat(said()).contains(file + " line 2: unknown key 'proxi'");
    }

    @Test
    void settingsAreShownWithTheirSourceAndSecretsAreNot() {
        environment.put("TELEPATH_TOKEN", "tp1.secret");
        environment.put("TELEPATH_MANAGER", "host:1");

        assertThat(tp("config", "view", "--output", "yaml")).isZero();
        assertThat(printed()).contains("environment TELEPATH_MANAGER").doesNotContain("tp1.secret");
    }

    @ParameterizedTest
    @CsvSource({
        "/bin/bash, '', unset HTTPS_PROXY",
        "/bin/dash, '', unset https_proxy",
        "/usr/bin/fish, '', set -e NO_PROXY",
        "/usr/bin/fish, zsh, unset all_proxy",
        "/bin/bash, powershell, Remove-Item Env:HTTP_PROXY -ErrorAction SilentlyContinue",
    })
    void theShellsLinesAreThoseOfTheUsersShellOrOfTheOneNamed(String users, String named, String line) {
        environment.put("SHELL", users);

        assertThat(named.isEmpty() ? tp("env", "--unset") : tp("env", "--unset", "--shell", named))
                .isZero();
        assertThat(printed().lines()).contains(line).hasSize(8);
    }

    @Test
    void withoutAConnectionThereIsNothingToEvaluate() {
        assertThat(tp("env")).isEqualTo(3);
        assertThat(printed()).isEmpty();
        assertThat(said()).contains("not connected").contains("next: tp connect");
    }

    @Test
    void completionKnowsTheCommandsInEveryShell() {
        for (String shell : new String[] {"bash", "zsh", "fish"}) {
            assertThat(tp("completion", shell)).isZero();
            assertThat(printed())
                    .contains("intercept")
                    .contains("gather-logs")
                    .contains("env-file")
                    .contains("unset");
        }
    }

    @Test
    void logsCanBeGatheredWithoutADaemonAndNeverOverwriteAFile() throws IOException {
        Path zip = folder.resolve("logs.zip");

        assertThat(tp("gather-logs", "-o", zip.toString())).isZero();
        assertThat(zip).exists();
        assertThat(tp("gather-logs", "-o", zip.toString())).isEqualTo(1);
        assertThat(tp("gather-logs", "-o", folder.resolve("no/such/place.zip").toString()))
                .isEqualTo(1);
        assertThat(said()).contains("cannot write");
        assertThat(Files.exists(folder.resolve("no"))).isFalse();
    }

    @Test
    void aChildGetsTheEnvironmentAndItsExitCodeIsOurs() {
        var variables = Map.of("GREETING", "7");

        assertThat(new ChildProcess(java.util.List.of("sh", "-c", "exit $GREETING"), variables).run(() -> {}))
                .isEqualTo(7);
        assertThat(new ChildProcess(java.util.List.of("sh", "-c", "kill -TERM $$"), variables).run(() -> {}))
                .isEqualTo(143);
    }

    @Test
    void aDryRunPrintsTheObjectsOfAllValuesTogether() throws IOException {
        Path first = Files.writeString(folder.resolve("a.yaml"), "image: {tag: a, registry: one.example}");
        Path second = Files.writeString(folder.resolve("b.yaml"), "image: {tag: b}");
        assertThat(tp(
                        "install",
                        "--dry-run",
                        "-n",
                        "tools",
                        "-f",
                        first.toString(),
                        "--set",
                        "namespaces={x,y}",
                        "-f",
                        second.toString(),
                        "--set",
                        "agentInjector.webhook.timeoutSeconds=7",
                        "--set-string",
                        "commonLabels.team=7"))
                .isZero();
        assertThat(printed())
                .contains("one.example/telepath-manager:b", "namespace: tools", "timeoutSeconds: 7", "team: \"7\"")
                .contains("kind: MutatingWebhookConfiguration", "name: telepath-manager-tools", "namespace: x");
    }
}
