package dev.telepath.client.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubeconfigTest {
    private static final String TWO_CONTEXTS = """
            apiVersion: v1
            kind: Config
            current-context: blue
            clusters:
            - name: blue
              cluster:
                server: https://blue.example:6443
                tls-server-name: api.blue
                extensions:
                - name: telepresence.io
                  extension:
                    manager: {namespace: ambassador}
                    dns:
                      excludeSuffixes: [.com, .org]
                      mappings: [{name: db, aliasFor: db.shop}, {name: old, aliasFor: 10.0.0.1}]
                      lookupTimeout: 7s
                      localIP: 127.0.0.9
                      includeSuffixes: ["a=b"]
                    timeouts: {clusterConnect: 7s}
                - name: telepath.dev
                  extension:
                    manager: {namespace: tools}
            - name: red
              cluster: {server: "https://red.example:6443", insecure-skip-tls-verify: true}
            users:
            - name: ann
              user: {token: anns, as: carl, as-groups: [ops]}
            - name: bob
              user: {token: bobs}
            contexts:
            - name: blue
              context: {cluster: blue, user: ann, namespace: shop}
            - name: red
              context: {cluster: red, user: bob}
            """;

    @TempDir
    Path directory;

    private String file(String name, String text) throws Exception {
        return Files.writeString(directory.resolve(name), text).toString();
    }

    private static KubeOptions options(List<String> files, String context, String cluster, String user, String server) {
        return new KubeOptions(files, false, context, cluster, user, "", List.of(), server, "", "", false, "");
    }

    @Test
    void theCurrentContextGivesClusterUserAndNamespace() throws Exception {
        var read = Kubeconfig.read(options(List.of(file("a", TWO_CONTEXTS)), "", "", "", ""));
        assertThat(read.context()).isEqualTo("blue");
        assertThat(read.namespace()).isEqualTo("shop");
        assertThat(read.serverName()).isEqualTo("api.blue");
        assertThat(read.config().getMasterUrl()).startsWith("https://blue.example:6443");
        assertThat(read.config().getAutoOAuthToken()).isEqualTo("anns");
        assertThat(read.config().getImpersonateUsername()).isEqualTo("carl");
        assertThat(read.config().getImpersonateGroups()).containsExactly("ops");
    }

    @Test
    void flagsGoBeforeWhatTheContextSays() throws Exception {
        String file = file("a", TWO_CONTEXTS);
        var red = Kubeconfig.read(options(List.of(file), "red", "", "", ""));
        assertThat(red.config().getMasterUrl()).startsWith("https://red.example:6443");
        assertThat(red.config().isTrustCerts()).isTrue();
        var mixed = Kubeconfig.read(options(List.of(file), "red", "blue", "ann", ""));
        assertThat(mixed.config().getMasterUrl()).startsWith("https://blue.example:6443");
        assertThat(mixed.config().getAutoOAuthToken()).isEqualTo("anns");
        var all = Kubeconfig.read(new KubeOptions(
                List.of(file), false, "", "", "", "eve", List.of("g"), "https://other:1", "tok", "name", true, "3s"));
        assertThat(all.config().getMasterUrl()).startsWith("https://other:1");
        assertThat(all.config().getOauthToken()).isEqualTo("tok");
        assertThat(all.config().getImpersonateUsername()).isEqualTo("eve");
        assertThat(all.config().getRequestTimeout()).isEqualTo(3000);
        assertThat(all.serverName()).isEqualTo("name");
        assertThat(all.config().isTrustCerts()).isTrue();
    }

    @Test
    void severalFilesAreOneAndTheFirstWins() throws Exception {
        String first = file("first", """
                current-context: green
                contexts:
                - name: green
                  context: {cluster: blue, user: bob}
                """);
        var read = Kubeconfig.read(options(
                List.of(directory.resolve("absent").toString(), first, file("a", TWO_CONTEXTS)), "", "", "", ""));
        assertThat(read.context()).isEqualTo("green");
        assertThat(read.config().getMasterUrl()).startsWith("https://blue.example:6443");
        assertThat(read.config().getAutoOAuthToken()).isEqualTo("bobs");
    }

    @Test
    void anExecPluginRunsAtEachReading() throws Exception {
        Path counter = directory.resolve("count");
        String plugin = file("plugin", """
                #!/bin/sh
                echo x >> %s
                echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t'$(wc -l < %s)'"}}'
                """.formatted(counter, counter));
        assertThat(Path.of(plugin).toFile().setExecutable(true)).isTrue();
        String file = file(
                "a",
                TWO_CONTEXTS.replace(
                        "{token: bobs}",
                        "{exec: {apiVersion: client.authentication.k8s.io/v1, command: " + plugin + "}}"));
        var options = options(List.of(file), "red", "", "", "");
        assertThat(Kubeconfig.read(options).config().getAutoOAuthToken().strip())
                .isEqualTo("t1");
        assertThat(Kubeconfig.read(options).config().getAutoOAuthToken().strip())
                .isEqualTo("t2");
    }

    @Test
    void anExecPluginThatWaitsForSomebodyIsGivenUp() throws Exception {
        String plugin = file("plugin", "#!/bin/sh\nexec sleep 20\n");
        assertThat(Path.of(plugin).toFile().setExecutable(true)).isTrue();
        String file = file(
                "a",
                TWO_CONTEXTS.replace(
                        "{token: bobs}",
                        "{exec: {apiVersion: client.authentication.k8s.io/v1, command: " + plugin + "}}"));
        assertThatThrownBy(() -> Kubeconfig.read(options(List.of(file), "red", "", "", ""), Duration.ofMillis(100)))
                .isInstanceOfSatisfying(Failure.class, failure -> {
                    assertThat(failure.kind()).isEqualTo(Kind.DENIED);
                    assertThat(failure.hint()).contains("kubernetes.login-timeout");
                });
    }

    @Test
    void whatIsMissingIsNamed() throws Exception {
        String file = file("a", TWO_CONTEXTS);
        refused(options(List.of(), "", "", "", ""), "no kubeconfig", "--manager");
        refused(options(List.of(file), "grey", "", "", ""), "no context \"grey\"", "get-contexts");
        refused(options(List.of(file), "", "grey", "", ""), "no cluster \"grey\"", "get-clusters");
        refused(options(List.of(file), "", "", "zoe", ""), "no user \"zoe\"", "get-users");
        refused(options(List.of(file("bad", ": [")), "", "", "", ""), "cannot read the kubeconfig", "KUBECONFIG");
        refused(
                new KubeOptions(List.of(file), false, "", "", "", "", List.of(), "", "", "", false, "soon"),
                "--request-timeout",
                "");
    }

    private static void refused(KubeOptions options, String message, String hint) {
        assertThatThrownBy(() -> Kubeconfig.read(options)).isInstanceOfSatisfying(Failure.class, failure -> {
            assertThat(failure.kind()).isEqualTo(Kind.USAGE);
            assertThat(failure.message()).contains(message);
            assertThat(failure.hint()).contains(hint);
        });
    }

    @Test
    void ourExtensionGoesBeforeTelepresencesAndTheRestIsToldAsNotUsed() throws Exception {
        var read = Kubeconfig.read(options(List.of(file("a", TWO_CONTEXTS)), "", "", "", ""));
        var settings = ClusterSettings.of(read.extension());
        assertThat(settings.values())
                .isEqualTo(Map.of(
                        Setting.MANAGER_NAMESPACE, "tools",
                        Setting.TIMEOUT_CONNECT, "7s",
                        Setting.DNS_EXCLUDE_SUFFIXES, ".com,.org",
                        Setting.DNS_MAPPINGS, "db=db.shop,old=10.0.0.1",
                        Setting.DNS_LOOKUP_TIMEOUT, "7s"));
        assertThat(settings.unused()).containsExactly("dns.localIP", "dns.includeSuffixes");
    }

    @Test
    void flagsGoBeforeKubeconfigThatBeforeTheClusterAndThatBeforeDefaults() {
        var near = Map.of(Setting.TIMEOUT_CALL, "2s", Setting.TIMEOUT_DIAL, "2s");
        var far = Map.of(Setting.TIMEOUT_CALL, "3s", Setting.TIMEOUT_DIAL, "3s", Setting.TIMEOUT_INTERCEPT, "3s");
        var settings = Settings.resolve(
                        Map.of(Setting.TIMEOUT_CALL, "1s"),
                        Map.of("XDG_CONFIG_HOME", directory.toString()),
                        Optional.empty())
                .under(near, far);
        assertThat(settings.text(Setting.TIMEOUT_CALL)).isEqualTo("1s");
        assertThat(settings.text(Setting.TIMEOUT_DIAL)).isEqualTo("2s");
        assertThat(settings.text(Setting.TIMEOUT_INTERCEPT)).isEqualTo("3s");
        assertThat(settings.value(Setting.TIMEOUT_INTERCEPT).source()).isEqualTo("cluster");
        assertThat(settings.text(Setting.TIMEOUT_DAEMON)).isEqualTo(Setting.TIMEOUT_DAEMON.fallback());
    }

    @Test
    void theFileGoesBeforeTheClusterAndAfterTheKubeconfig() throws Exception {
        Path file = Files.writeString(directory.resolve("c.yml"), "timeouts: {call: 4s, dial: 4s}\n");
        var settings = Settings.resolve(Map.of(), Map.of(), Optional.of(file))
                .under(Map.of(Setting.TIMEOUT_CALL, "2s"), Map.of(Setting.TIMEOUT_DIAL, "3s"));
        assertThat(settings.text(Setting.TIMEOUT_CALL)).isEqualTo("2s");
        assertThat(settings.text(Setting.TIMEOUT_DIAL)).isEqualTo("4s");
    }

    @Test
    void aClusterCannotSayWhoTheUserIsWhereHisManagerIsOrWhatIsOutOfRange() {
        var settings = ClusterSettings.ofYaml(
                "manager: evil:1\ntoken: x\nname: y\nheartbeat: 1ms\nreconnect: {most: 9s}\nrouting: {alsoProxySubnets: [1.2.3.0/24]}\n");
        assertThat(settings.values()).isEqualTo(Map.of(Setting.RECONNECT_MOST, "9s"));
        assertThat(settings.unused())
                .containsExactly("manager", "token", "name", "heartbeat", "routing.alsoProxySubnets");
        assertThat(ClusterSettings.ofYaml("kubernetes: {transport: 'lb:443', serviceAccount: x}\n")
                        .values())
                .as("what answers there has to be of the cluster's own authority")
                .isEqualTo(Map.of(Setting.KUBERNETES_TRANSPORT, "lb:443"));
        assertThat(ClusterSettings.ofYaml("kubernetes: {transport: 'http://lb:80'}\n")
                        .unused())
                .containsExactly("kubernetes.transport");
        assertThat(ClusterSettings.ofYaml("- a\n- b").values()).isEmpty();
        assertThat(ClusterSettings.ofYaml("a: [").unused()).hasSize(1);
    }

    @Test
    void aTokenIsRenewedOnceWhenFourFifthsOfItsLifeAreOver() {
        Instant start = Instant.parse("2026-01-01T00:00:00Z");
        var now = new AtomicReference<>(start);
        List<Runnable> waiting = new ArrayList<>();
        List<Cluster.Token> issued = new ArrayList<>();
        var token = new RenewedToken(
                new Cluster.Token("first", start.plus(Duration.ofMinutes(10))),
                () -> {
                    var next = new Cluster.Token("next", now.get().plus(Duration.ofMinutes(10)));
                    issued.add(next);
                    return next;
                },
                now::get,
                waiting::add);
        assertThat(token.get()).isEqualTo("first");
        now.set(start.plus(Duration.ofSeconds(479)));
        assertThat(token.get()).isEqualTo("first");
        assertThat(waiting).isEmpty();
        now.set(start.plus(Duration.ofSeconds(481)));
        assertThat(token.get()).isEqualTo("first");
        assertThat(token.get()).isEqualTo("first");
        assertThat(waiting).hasSize(1);
        waiting.getFirst().run();
        assertThat(token.get()).isEqualTo("next");
        assertThat(issued).hasSize(1);
    }

    @Test
    void aTokenThatCannotBeRenewedStaysAndIsTriedForAgainLater() {
        Instant start = Instant.parse("2026-01-01T00:00:00Z");
        var now = new AtomicReference<>(start.plus(Duration.ofMinutes(9)));
        List<Runnable> waiting = new ArrayList<>();
        var token = new RenewedToken(
                new Cluster.Token("first", start.plus(Duration.ofMinutes(10))),
                () -> {
                    throw new Failure(Kind.UNREACHABLE, "away", "");
                },
                now::get,
                waiting::add);
        now.set(start.plus(Duration.ofMinutes(9)).plusSeconds(50));
        token.get();
        waiting.getFirst().run();
        assertThat(token.get()).isEqualTo("first");
        assertThat(waiting).hasSize(1);
        now.set(now.get().plusSeconds(11));
        token.get();
        assertThat(waiting).hasSize(2);
    }

    @Test
    void aServerNameIsCoveredByItselfAndByOneStar() {
        assertThat(ServerNameTrust.covers("api.blue", "api.blue")).isTrue();
        assertThat(ServerNameTrust.covers("*.blue", "api.blue")).isTrue();
        assertThat(ServerNameTrust.covers("*.blue", "a.api.blue")).isFalse();
        assertThat(ServerNameTrust.covers("*.blue", "blue")).isFalse();
        assertThat(ServerNameTrust.covers("api.red", "api.blue")).isFalse();
    }
}
