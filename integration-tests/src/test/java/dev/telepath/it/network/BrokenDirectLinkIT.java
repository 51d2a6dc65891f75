package dev.telepath.it.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.FarServices;
import dev.telepath.harness.Namespace;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A network that lets the laptop to the manager and, for a while, to the agent itself: what a file on its way through an
 * intercept makes of it when the second is over, by silence and by refusal, and when it is there again.
 */
@Timeout(240)
class BrokenDirectLinkIT {
    private static final long LENGTH = 240L << 20;
    private static final String NEAR_ADDRESS = "127.0.0.9";
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Pattern LISTENS =
            Pattern.compile("listens for clients past the manager address=\\S+ port=(\\d+)");
    private static NearAndFar world;
    private static Laptop laptop;
    private static Running agent;
    private static int port;
    private static int networks;

    @BeforeAll
    static void intercept() {
        Namespace.missing().ifPresent(why -> Assumptions.abort("skipped: " + why));
        world = new NearAndFar(List.of());
        world.laptop.run("ip", "link", "set", "lo", "up");
        List<String> services = new ArrayList<>(world.laptop.enter());
        services.addAll(FarServices.command(List.of(NEAR_ADDRESS), Map.of("127.0.0.10", FarServices.OTHER)));
        world.telepath.start("local", services, Map.of()).announced("ready");
        agent = world.startAgent(
                world.cluster, "shop", NearAndFar.SERVICE + ":8080", Map.of("TELEPATH_AGENT_DIRECT", "true"));
        port = agent.port("port-http");
        laptop = Laptop.of(world);
        world.connect();
        world.telepath.awaitListed("dev", "shop");
        world.telepath
                .tp("intercept", "shop", "--port", "8080:http", "--address", NEAR_ADDRESS)
                .orFail();
        awaitConnected(1);
    }

    @AfterAll
    static void end() {
        if (world != null) {
            world.close();
        }
    }

    private static void awaitConnected(int agents) {
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(laptop.status()
                                .path("connection")
                                .path("direct")
                                .path("connected")
                                .asInt())
                        .isEqualTo(agents));
    }

    private static int listener() {
        Matcher said = LISTENS.matcher(agent.log());
        assertThat(said.find()).isTrue();
        return Integer.parseInt(said.group(1));
    }

    private double linksByTheManager() {
        return Double.parseDouble(world.cluster
                .run(
                        "sh",
                        "-c",
                        "curl -sk https://" + world.telepath.managerAddress()
                                + "/q/metrics | sed -n 's/^telepath_links_total //p'")
                .strip());
    }

    /** A caller in the cluster takes a file from the laptop; what happens meanwhile is given. */
    private void download(String name, Runnable meanwhile) throws IOException {
        download(world.cluster, name, "http://127.0.0.1:" + port, meanwhile);
    }

    /**
     * @param from whose program takes it
     * @param where what curl is told, without the path
     */
    private void download(Namespace from, String name, String where, Runnable meanwhile) throws IOException {
        Path file = world.telepath.directory().resolve(name);
        List<String> line = new ArrayList<>(from.enter());
        line.addAll(List.of(
                "bash",
                "-c",
                "curl -sS -m 200 --limit-rate 8M -o " + file + " " + where + "/bytes/" + LENGTH
                        + "; echo ended=$?; echo sum=$(sha256sum < " + file + " | cut -d' ' -f1)"));
        Running curl = world.telepath.start(name, line, Map.of());
        await().atMost(SOON).until(() -> Files.exists(file) && Files.size(file) > LENGTH / 10);

        meanwhile.run();

        assertThat(curl.isAlive()).as("it is in the middle").isTrue();
        assertThat(curl.announced("ended")).as(curl.log()).isEqualTo("0");
        assertThat(curl.announced("sum")).isEqualTo(FarServices.sha256(LENGTH));
    }

    @Test
    void aFileArrivesWholeWhenTheWayToTheAgentFallsSilentAndComesBack() throws IOException {
        double before = linksByTheManager();
        download("silent", () -> {
            world.cluster.run(
                    "nft",
                    "table inet past { chain in { type filter hook input priority 0; tcp dport " + listener()
                            + " drop; }; }");
            awaitConnected(0);
            await().atMost(SOON).until(() -> linksByTheManager() > before);
            world.cluster.run("nft", "delete", "table", "inet", "past");
        });
        awaitAnotherNetwork();
    }

    @Test
    void aFileArrivesWholeWhenTheWayToTheAgentIsRefused() throws IOException {
        double before = linksByTheManager();
        download("refused", () -> refuse(before));
        world.cluster.run("nft", "delete", "table", "inet", "past");
        awaitAnotherNetwork();
    }

    /** The manager is asked with the first connection there, and joins none of the next until the way is refused. */
    @Test
    void aFileThatTheLaptopTakesOfTheClusterArrivesWholeWhenTheWayToTheAgentIsRefused() throws IOException {
        awaitConnected(1);
        String there = "--socks5-hostname 127.0.0.1:"
                + laptop.status().at("/proxy/port").asInt() + " http://" + NearAndFar.SERVICE + ":8080";
        assertThat(world.laptop("curl -sS -m 20 " + there + "/bytes/10").exit()).isZero();
        double before = linksByTheManager();
        download(world.laptop, "taken", there, () -> {
            assertThat(linksByTheManager()).isEqualTo(before);
            refuse(before);
        });
        world.cluster.run("nft", "delete", "table", "inet", "past");
        awaitAnotherNetwork();
    }

    /** A way that fell silent is left alone for a while, and one that is lost often tried seldom, but not in another network. */
    private static void awaitAnotherNetwork() {
        world.laptop.run("ip", "addr", "add", "10.250.0." + ++networks + "/32", "dev", NearAndFar.CABLE);
        awaitConnected(1);
    }

    private void refuse(double before) {
        world.cluster.run(
                "nft",
                "table inet past { chain in { type filter hook input priority 0; tcp dport " + listener()
                        + " reject with tcp reset; }; }");
        awaitConnected(0);
        await().atMost(SOON).until(() -> linksByTheManager() > before);
    }
}
