package dev.telepath.client.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.client.dns.Suffixes;
import dev.telepath.client.privileged.Order;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MacNamesTest {
    private final List<Order> orders = new ArrayList<>();
    private List<String> failed = List.of();
    private Suffixes suffixes = new Suffixes(List.of("shop.svc.cluster.local"), List.of("cluster.local", "svc"));
    private long now;
    private final MacNames names = new MacNames(
            () -> suffixes,
            () -> 5353,
            order -> {
                orders.add(order);
                return failed;
            },
            () -> now);

    @Test
    void theSystemIsToldOfTheDomainsOnceAndAgainWhenTheyChange() {
        names.bring();
        names.bring();
        assertThat(orders)
                .containsExactly(new Order.Resolvers(
                        List.of("shop.svc.cluster.local", "cluster.local", "svc"),
                        List.of("shop.svc.cluster.local"),
                        5353));
        assertThat(names.described()).isEqualTo("by domain");

        suffixes = new Suffixes(List.of(), List.of("cluster.local", "Not A Domain"));
        names.bring();
        assertThat(orders).hasSize(2).last().isEqualTo(new Order.Resolvers(List.of("cluster.local"), List.of(), 5353));
    }

    @Test
    void whatFailedIsSaidAndTriedAgainAfterAWhileOrInAnotherNetwork() {
        failed = List.of("svc: read-only file system");
        names.bring();
        names.bring();
        assertThat(orders).hasSize(1);
        assertThat(names.described()).isEqualTo("not led here: svc: read-only file system");

        names.forget();
        names.bring();
        assertThat(orders).hasSize(2);
        failed = List.of();
        now += Duration.ofSeconds(30).toNanos();
        names.bring();
        assertThat(orders).hasSize(3);
        assertThat(names.described()).isEqualTo("by domain");
    }
}
