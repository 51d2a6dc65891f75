package dev.telepath.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.DNSInput;
import org.xbill.DNS.Name;

class DomainNameTest {
    private static DomainName name(String text) {
        return DomainName.of(text).orElseThrow();
    }

    @Test
    void namesAreEqualWhateverTheCaseOfTheirLetters() {
        assertThat(name("Web.Shop")).isEqualTo(name("wEB.shop.")).hasSameHashCodeAs(name("wEB.shop."));
        assertThat(name("web.shop")).isNotEqualTo(name("web.shops"));
        assertThat(name("web")).isNotEqualTo(name(""));
    }

    @Test
    void whatIsUnderANameEndsInItsLabels() {
        assertThat(name("web.Shop.local").isUnder(name("shop.local"))).isTrue();
        assertThat(name("shop.local").isUnder(name("shop.local"))).isTrue();
        assertThat(name("webshop.local").isUnder(name("shop.local"))).isFalse();
        assertThat(name("local").isUnder(name("shop.local"))).isFalse();
        assertThat(name("local").isUnder(name(""))).isTrue();
    }

    @Test
    void textThatIsNoNameIsNone() {
        assertThat(DomainName.of("a..b")).isEmpty();
        assertThat(DomainName.of(".a")).isEmpty();
        assertThat(DomainName.of("a".repeat(64))).isEmpty();
        assertThat(DomainName.of("a".repeat(63))).isPresent();
        assertThat(DomainName.of("ä.b")).isEmpty();
        assertThat(DomainName.of("aaaaaaa.".repeat(31) + "bbbbb"))
                .get()
                .extracting(DomainName::length)
                .isEqualTo(255);
        assertThat(DomainName.of("aaaaaaa.".repeat(31) + "bbbbbb")).isEmpty();
    }

    @Test
    void pointersLeadBackwardsOnly() throws MessageReader.Malformed {
        byte[] bytes = {1, 'b', 0, 1, 'a', (byte) 0xc0, 0, 9};
        var in = new MessageReader(bytes, 3);
        assertThat(in.name()).isEqualTo(name("a.b"));
        assertThat(in.number8()).isEqualTo(9);

        assertThatThrownBy(() -> new MessageReader(new byte[] {(byte) 0xc0, 0}, 0).name())
                .isInstanceOf(MessageReader.Malformed.class);
        assertThatThrownBy(() -> new MessageReader(new byte[] {1, 'a', (byte) 0xc0, 0}, 0).name())
                .isInstanceOf(MessageReader.Malformed.class);
    }

    /** Whatever the bytes are, they are read as dnsjava reads them, or refused as it refuses them. */
    @Property(tries = 3000)
    void namesAreReadAsOthersReadThem(@ForAll @Size(min = 1, max = 40) byte[] bytes) {
        String ours;
        try {
            ours = HexFormat.of().formatHex(new MessageReader(bytes, 0).name().wire());
        } catch (MessageReader.Malformed e) {
            ours = "";
        }
        String theirs;
        try {
            theirs = HexFormat.of().formatHex(new Name(new DNSInput(bytes)).toWire());
        } catch (IOException | IllegalArgumentException e) {
            theirs = "";
        }
        assertThat(ours).isEqualTo(theirs);
    }
}
