package dev.penstock.loader.sidecar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.loader.BadSamplePolicy;
import dev.penstock.loader.CacheUse;
import dev.penstock.loader.FieldSpec;
import dev.penstock.sharding.End;
import dev.penstock.sharding.Shuffle;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OpenRequestTest {
  private static OpenRequest parse(String json) throws IOException, RefusedException {
    return OpenRequest.of(Messages.JSON.readTree(json.replace('\'', '"')));
  }

  @Test
  void readsEverything() throws Exception {
    OpenRequest request =
        parse(
            "{'type':'OPEN','dataset':['a','b'],'batch_size':8,'rank':1,'world_size':2,"
                + "'shuffle':'none','seed':7,'epochs':3,'end':'pad','fields':['jpg','cls:int'],"
                + "'on_bad':'skip','cursor':null,'lanes':64,'slots':5,'min_slot_bytes':4096,"
                + "'cache':'bypass','cache_quota':1048576,'job':'run 7'}");
    assertEquals(List.of("a", "b"), request.session().dataset());
    assertEquals(8, request.session().batchSize());
    assertEquals(1, request.session().rank());
    assertEquals(2, request.session().world());
    assertEquals(Shuffle.NONE, request.session().shuffle());
    assertEquals(7, request.session().seed());
    assertEquals(3, request.session().epochs());
    assertEquals(End.PAD, request.session().end());
    assertEquals(BadSamplePolicy.SKIP, request.session().onBad());
    assertEquals(
        List.of(FieldSpec.bytes("jpg"), FieldSpec.of("cls", FieldSpec.Kind.INT)),
        request.session().fields());
    assertEquals(OptionalInt.of(64), request.session().lanes());
    assertEquals(OptionalInt.of(5), request.slots());
    assertEquals(4096, request.minSlotBytes());
    assertEquals(CacheUse.BYPASS.withQuota(1 << 20).ofJob("run 7"), request.session().cache());
  }

  @Test
  void leavesOutMeansDefaults() throws Exception {
    OpenRequest request = parse("{'dataset':['a'],'fields':null,'epochs':null,'slots':null}");
    assertEquals(0, request.session().epochs());
    assertEquals(Shuffle.BLOCK, request.session().shuffle());
    assertTrue(request.session().fields().isEmpty());
    assertTrue(request.slots().isEmpty());
    assertEquals(CacheUse.FULL, request.session().cache());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'dataset':['a'],'batchsize':3} | unknown key 'batchsize'",
        "{'dataset':'a'} | dataset is \"a\", not a list",
        "{'dataset':[3]} | dataset has 3",
        "{'dataset':[]} | no dataset",
        "{'dataset':['a'],'cache':'no'} | cache is 'no', accepted are use and bypass",
        "{'dataset':['a'],'cache_quota':-1} | cache_quota: value is too small (-1 bytes)",
        "{'dataset':['a'],'job':7} | job is 7, not a string",
        "{'dataset':['a'],'cache_quota':'1GiB'} | cache_quota is \"1GiB\", not an integer",
        "{'dataset':['a'],'seed':1.5} | seed is 1.5, not an integer",
        "{'dataset':['a'],'batch_size':99999999999} | overflow",
        "{'dataset':['a'],'shuffle':'random'} | not one of [none, block, global, arrival]",
        "{'dataset':['a'],'fields':['jpg:what']} | 'jpg:what'",
        "{'dataset':['a'],'rank':4,'world_size':2} | not between 0 and 1",
        "{'dataset':['a'],'cursor':{'format':'x'}} | format 'x'",
      })
  void saysWhatIsWrong(String json, String why) {
    RefusedException refused = assertThrows(RefusedException.class, () -> parse(json));
    assertTrue(refused.text().contains(why), refused.text());
  }

  /** A position is of the wrong kind, not the request. */
  @Test
  void aCursorOfTheOtherKindIsACursorError() {
    String arrival =
        "{'format':'penstock-arrival-1','version':1,'fingerprint':'f-1','seed':0,'rank':0,"
            + "'world':1,'lanes':4,'window':9,'windowBytes':99,'pass':0,'next':0,'turn':0,"
            + "'step':0,'open':[]}";
    RefusedException refused =
        assertThrows(
            RefusedException.class, () -> parse("{'dataset':['a'],'cursor':" + arrival + "}"));
    assertEquals(RefusedException.Kind.CURSOR, refused.kind());
    assertTrue(refused.text().contains("cursor of the order of arrival"), refused.text());
  }
}
