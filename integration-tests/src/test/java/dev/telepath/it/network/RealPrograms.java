package dev.telepath.it.network;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.FarServices;
import dev.telepath.harness.FarStreams;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import dev.telepath.harness.Sshd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Servers and clients that others wrote, the one in the cluster, the other on the laptop, by either way that takes any program. */
@Timeout(240)
class RealPrograms {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String NAME = "shop.default.svc.cluster.local";
    private static final long LENGTH = 8L << 20;

    @RegisterExtension
    static final Laptop laptop = new Laptop();

    private static NearAndFar world;

    /** What leads any program to the cluster. */
    enum By {
        TUN,
        RUN
    }

    @BeforeAll
    static void install() {
        world = laptop.world();
        world.connect("--also-proxy", NearAndFar.SERVICES6, "--network", "tun");
    }

    private static Result run(By way, String script) {
        List<String> line = new ArrayList<>(world.laptop.enter());
        if (way == By.RUN) {
            line.addAll(Program.TP.command("128m"));
            line.addAll(List.of("run", "--"));
        }
        line.addAll(List.of("bash", "-c", script));
        return world.telepath.runCommand(line, world.telepath.tpEnvironment("dev"), Duration.ofMinutes(2));
    }

    private static String told(By way, String script) {
        return run(way, script).orFail().out();
    }

    /** Starts a server of the cluster, once for all ways. */
    private static void serve(String name, int port, String... command) {
        if (world.telepath.directory().resolve(name + ".log").toFile().exists()) {
            return;
        }
        List<String> line = new ArrayList<>(world.cluster.enter());
        line.addAll(List.of(command));
        world.telepath.start(name, line, Map.of());
        Tools.awaitListening(world, NearAndFar.SERVICE, port);
    }

    private static Path folder(String name) throws Exception {
        return Files.createDirectories(world.telepath.directory().resolve(name));
    }

    @ParameterizedTest
    @EnumSource
    void digByUdpAndTcp(By way) {
        Tools.require("dig");
        Assumptions.assumeFalse(Program.isNative(), "skipped: the test's agent knows names only on the JVM");
        String ask = "dig +tries=2 +time=5 ";
        assertThat(told(way, ask + "+short " + NAME)).isEqualTo(NearAndFar.SERVICE + "\n");
        assertThat(told(way, ask + "+tcp +short " + NAME)).isEqualTo(NearAndFar.SERVICE + "\n");
        assertThat(told(way, ask + "+noall +comments no-such." + NAME)).contains("status: NXDOMAIN");
        assertThat(told(way, ask + "+short www.example.com")).isEqualTo(FarServices.OTHER + "\n");
    }

    @ParameterizedTest
    @EnumSource
    void pingOfEitherFamily(By way) {
        Tools.require("ping");
        for (String address : List.of(NearAndFar.SERVICE, NearAndFar.SERVICE6)) {
            for (String size : List.of("56", "20000")) {
                assertThat(told(way, "ping -c 3 -i 0.2 -W 5 -s " + size + " " + address))
                        .contains("3 packets transmitted, 3 received, 0% packet loss")
                        .contains((Integer.parseInt(size) + 8) + " bytes from " + address);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void iperfInEitherDirectionAndWithDatagrams(By way) throws Exception {
        Tools.require("iperf3");
        serve("iperf3", 5201, "iperf3", "-s", "-B", NearAndFar.SERVICE);
        String ask = "iperf3 -J -c " + NearAndFar.SERVICE;
        for (String direction : List.of("", " -R")) {
            JsonNode end = JSON.readTree(told(way, ask + " -n 64M" + direction)).path("end");
            assertThat(end.path("sum_sent").path("bytes").asLong()).isGreaterThanOrEqualTo(64L << 20);
            assertThat(end.path("sum_received").path("bytes").asLong()).isGreaterThan(48L << 20);
        }
        for (String direction : List.of("", " -R")) {
            JsonNode sum = JSON.readTree(told(way, ask + " -u -l 1200 -b 5M -t 4" + direction))
                    .path("end")
                    .path("sum");
            assertThat(sum.path("packets").asLong()).isGreaterThan(1500);
            // A busy machine drops datagrams; a way that loses them by itself loses more.
            assertThat(sum.path("lost_percent").asDouble()).isLessThan(10);
        }
    }

    @ParameterizedTest
    @EnumSource
    void nginxAndCurlWithEitherVersionOfHttp(By way) throws Exception {
        Tools.require("nginx", "curl");
        Path at = folder("nginx");
        FarServices.write(at.resolve("file"), LENGTH);
        Files.writeString(at.resolve("nginx.conf"), """
                daemon off; pid %1$s/pid; error_log stderr; user root;
                events {}
                http { access_log off; root %1$s; client_body_temp_path %1$s/body; proxy_temp_path %1$s/proxy;
                  fastcgi_temp_path %1$s/f; uwsgi_temp_path %1$s/u; scgi_temp_path %1$s/s;
                  server { listen 10.99.0.10:8081; }
                  server { listen 10.99.0.10:8082 http2; } }
                """.formatted(at));
        serve("nginx", 8081, "nginx", "-c", at.resolve("nginx.conf").toString());
        String sum = FarServices.sha256(LENGTH);
        String get = "curl -sS -m 60 -o >(sha256sum >&2) ";
        Result first =
                run(way, get + "--http1.1 -w '%{http_version}' http://" + NearAndFar.SERVICE + ":8081/file; sleep 0.2");
        assertThat(first.orFail().out()).isEqualTo("1.1");
        assertThat(first.err()).contains(sum);
        Result second = run(
                way,
                get + "--http2-prior-knowledge -w '%{http_version}' http://" + NearAndFar.SERVICE
                        + ":8082/file; sleep 0.2");
        assertThat(second.orFail().out()).isEqualTo("2");
        assertThat(second.err()).contains(sum);
        String url = "http://" + NearAndFar.SERVICE + ":8081/file ";
        assertThat(told(
                        way,
                        "curl -sS -m 60 -w '%{num_connects} ' -o /dev/null -o /dev/null -o /dev/null " + url + url
                                + url))
                .isEqualTo("1 0 0 ");
    }

    @ParameterizedTest
    @EnumSource
    void aWebSocketAndAStreamOfGrpc(By way) {
        serve("streams", FarStreams.GRPC, FarStreams.serving(NearAndFar.SERVICE).toArray(String[]::new));
        String line = String.join(" ", FarStreams.asking(NearAndFar.SERVICE));
        assertThat(told(way, line)).contains("websocket=1000").contains("grpc=1000");
    }

    @ParameterizedTest
    @EnumSource
    void redis(By way) throws Exception {
        Tools.require("redis-server", "redis-cli");
        serve(
                "redis",
                6379,
                "redis-server",
                "--bind",
                NearAndFar.SERVICE,
                "--protected-mode",
                "no",
                "--save",
                "",
                "--dir",
                folder("redis").toString());
        Path file = folder("redis").resolve("value");
        FarServices.write(file, LENGTH);
        String cli = "redis-cli -h " + NearAndFar.SERVICE + " ";
        String key = "key-" + way;
        assertThat(told(way, cli + "-x SET " + key + " < " + file)).isEqualTo("OK\n");
        // redis-cli ends what it prints with a new line.
        assertThat(told(way, cli + "GET " + key + " | head -c " + LENGTH + " | sha256sum"))
                .startsWith(FarServices.sha256(LENGTH));
        assertThat(told(way, "for i in $(seq 20000); do echo INCR n-" + way + "; done | " + cli + "| tail -1"))
                .isEqualTo("20000\n");
    }

    @ParameterizedTest
    @EnumSource
    void sshAndScp(By way) throws Exception {
        Tools.require("sshd", "ssh", "scp", "ssh-keygen");
        Path at = folder("ssh");
        Sshd.prepare(world.telepath, at, NearAndFar.SERVICE);
        serve("sshd", Sshd.PORT, Sshd.command(at).toArray(String[]::new));
        String options = Sshd.options(at);
        assertThat(told(
                        way,
                        "ssh " + options + "-p " + Sshd.PORT + " root@" + NearAndFar.SERVICE
                                + " 'echo there; ip -o addr show dev lo'"))
                .startsWith("there\n")
                .contains(NearAndFar.SERVICE);
        Path sent = at.resolve("sent");
        FarServices.write(sent, LENGTH);
        String there = "root@" + NearAndFar.SERVICE + ":" + at + "/there-" + way;
        String scp = "scp -q " + options + "-P " + Sshd.PORT + " ";
        assertThat(told(
                        way,
                        scp + sent + " " + there + " && " + scp + there + " " + at + "/back-" + way + " && sha256sum < "
                                + at + "/back-" + way))
                .startsWith(FarServices.sha256(LENGTH));
    }
}
