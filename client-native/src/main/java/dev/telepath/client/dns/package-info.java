/** Which names are the cluster's, and answers for them; everything else goes to the machine's own name servers. */
@NullMarked
package dev.telepath.client.dns;

import org.jspecify.annotations.NullMarked;
