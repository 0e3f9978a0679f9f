/* Figures of news text: each row is a sentence and what must be read from it, as `value[..value_to] unit (qualifier)`, joined by "; ". All
 * sentences are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/entities/quantities.h"
#include "workers/entities/units.h"
#include "workers/text/fold.h"

struct row { const char *text, *want; };

static json_t *read_text(const char *text)
{
	fact_text facts = {.count = 0};
	quantities found = {.items = NULL};
	fact_text_read(&facts, mr_bytes_of(text), (mr_bytes){NULL, 0}, (mr_bytes){NULL, 0});
	quantities_read(&found, &facts);
	buf text_of_list = {0};
	quantities_write(&found, &facts, &text_of_list);
	json_t *list = text_of_list.len ? json_loadb(text_of_list.data, text_of_list.len, JSON_REJECT_DUPLICATES, NULL) : json_array();
	assert_non_null(list);
	buf_free(&text_of_list);
	quantities_free(&found);
	fact_text_free(&facts);
	return list;
}

static void print_row(json_t *row, buf *out)
{
	const char *qualifier = json_string_value(json_object_get(row, "qualifier"));
	json_t *upper = json_object_get(row, "value_to");
	if (out->len)
		buf_add_str(out, "; ");
	buf_printf(out, "%.15g", json_number_value(json_object_get(row, "value")));
	if (upper)
		buf_printf(out, "..%.15g", json_number_value(upper));
	buf_printf(out, " %s", json_string_value(json_object_get(row, "unit")));
	if (qualifier)
		buf_printf(out, " (%s)", qualifier);
}

static void check_rows(const struct row *rows, size_t count)
{
	int wrong = 0;
	for (size_t i = 0; i < count; i++) {
		buf out = {0};
		json_t *list = read_text(rows[i].text), *row;
		size_t k;
		json_array_foreach(list, k, row)
			print_row(row, &out);
		if (strcmp(out.data ? out.data : "", rows[i].want)) {
			print_error("%s\n   got  %s\n   want %s\n", rows[i].text, out.data ? out.data : "", rows[i].want);
			wrong++;
		}
		buf_free(&out);
		json_decref(list);
	}
	assert_int_equal(wrong, 0);
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof *(rows))

static void counts(void **state)
{
	static const struct row rows[] = {
		{"云汀县建成48家村史馆。", "48 家"},
		{"全县培训教师3200人次，覆盖76所学校。", "3200 人次; 76 所"},
		{"今年新增公办学位4,800个。", "4800 个"},
		{"岚川区已有６２０家企业上线。", "620 家"},
		{"活动吸引6万余名观众到场。", "60000 名 (余)"},
		{"平台注册用户1.5万名。", "15000 名"},
		{"年发送旅客1.2亿人次。", "120000000 人次"},
		{"累计修复河道20多公里。", "20 公里 (多)"},
		{"这里住着300余户人家。", "300 户 (余)"},
		{"合作社养了1200头牛、3万只鸡。", "1200 头; 30000 只"},
		{"仓库里有500台(套)设备。", "500 台(套)"},
		{"新购公交车45辆，更换路灯8000盏。", "45 辆; 8000 盏"},
		{"出版专著19本、论文505篇。", "19 本; 505 篇"},
		{"组织宣讲36场次，发放手册5000册。", "36 场次; 5000 册"},
		{"三十二所村小编成8个共同体。", "32 所; 8 个"},
		{"四百二十名学生参加。", "420 名"},
		{"两千名志愿者上岗。", "2000 名"},
		{"共有一百零八户搬迁。", "108 户"},
		{"全镇一千三百亩茶园开采。", "1300 亩"},
		{"一万三千名工人返岗。", "13000 名"},
		{"三百余万名网友留言。", "3000000 名 (余)"},
		{"八所高校结对帮扶。", "8 所"},
		{"五家企业入选。", "5 家"},
		{"这批设备有六台。", "6 台"},
		{"20几个村组到场。", "20 个 (几)"},
		{"三四十家商户开门。", "30..40 家"},
		{"七八百人赶来。", "700..800 人"},
		{"十几名队员进山。", "10 名 (几)"},
		{"新开课程18门，共720学时。", "18 门; 720 学时"},
		{"抽检食品36批次。", "36 批次"},
		{"论坛收到措施建议26条。", "26 条"},
		{"第一批有12期培训。", "12 期"},
		{"该书共30万字。", "300000 字"},
		{"他捐出藏品2万件（套）。", "20000 件（套）"},
		{"网格员3人一组。", "3 人"},
		{"14亿多人口的大市场。", "1400000000 人 (多)"},
		{"1亿6000万人次出行。", "160000000 人次"},
		{"31个省份参展。", "31 个"},
		{"9部门联合发文。", "9 部门"},
		{"注册用户超过350万，帮助10万多毕业生就业。", "3500000  (超过); 100000  (多)"},
		{"每招用1人补贴1500元，超过50人（含50人）的加倍。", "1500 元; 50 人 (超过)"},
		{"为每所小学配备1名校医，配置CT6台、DR16台。", "1 名; 6 台; 16 台"},
		{"流失教师中近六成为青年骨干，万人成讼率下降3%。", "60 % (近); 3 %"},
		{"工期提前75天，平均间隔12分钟，放学延后45分钟，年底前15个片区开工。", "75 天; 12 分钟; 45 分钟; 15 个"},
	};
	(void)state;
	CHECK(rows);
}

static void bare_multipliers(void **state)
{
	static const struct row rows[] = {
		{"千亩荷塘进入花期。", "1000 亩"},
		{"万名学生走进工厂。", "10000 名"},
		{"带动近百个项目落地。", "100 个 (近)"},
		{"上百家商户报名。", "100 家 (上)"},
		{"百余名工程师驻厂。", "100 名 (余)"},
		{"学校不足百人。", "100 人 (不足)"},
		{"销量超万台。", "10000 台 (超)"},
		{"一座百亿级产业园区正在成形。", "100 亿元"},
		{"已有两个万亿级产业集群。", "1 万亿元"},
		{"提供超千万就业岗位。", "10000000  (超)"},
		{"打造千亿级生物产业集群。", "1000 亿元"},
		{"带动上千万元投资。", "1000 万元 (上)"},
		{"数百名群众围观。", ""},
		{"几十个摊位摆满街道。", ""},
		{"数十家企业观望。", ""},
		{"成千上万次试验。", ""},
		{"千家万户的烟火气。", ""},
		{"百家争鸣的年代。", ""},
		{"千人计划启动申报。", ""},
		{"百企千岗进校园。", ""},
		{"亿级用户的平台。", ""},
		{"千方百计稳就业，万众一心。", ""},
		{"百姓过上好日子。", ""},
		{"千万不要大意。", ""},
	};
	(void)state;
	CHECK(rows);
}

static void money(void **state)
{
	static const struct row rows[] = {
		{"财政出资1200万元。", "1200 万元"},
		{"订单超65亿元。", "65 亿元 (超)"},
		{"新增销售3600余万元。", "3600 万元 (余)"},
		{"全年产值1.2万亿元。", "1.2 万亿元"},
		{"每人补贴3000元。", "3000 元"},
		{"总经费1亿6,500万元。", "1.65 亿元"},
		{"每月津贴一万三千元。", "13000 元"},
		{"设立五十万元奖金。", "50 万元"},
		{"预算为1.4亿港元。", "1.4 亿港元"},
		{"出口额达300亿美元。", "300 亿美元"},
		{"门票涨到80元/人。", "80 元/人"},
		{"均价1.8万元/平方米。", "1.8 万元/平方米"},
		{"补助标准为5万至8万元。", "5..8 万元"},
		{"给予5至10万元奖励。", "5..10 万元"},
		{"票价200—600元不等。", "200..600 元 (不等)"},
		{"捐款2000人民币。", "2000 人民币"},
		{"花了一百多块钱。", "100 块钱 (多)"},
		{"不超过30万元的项目。", "30 万元 (不超过)"},
		{"最高补助可达50万元以上。", "50 万元 (以上)"},
		{"售价￥500，募资约$3亿。", "500 元; 300000000 美元 (约)"},
		{"一元复始，万象更新。", ""},
		{"元旦假期出游，2025元旦晚会。", ""},
		{"三元桥堵车。", ""},
	};
	(void)state;
	CHECK(rows);
}

static void shares_and_multiples(void **state)
{
	static const struct row rows[] = {
		{"满意度达到90%以上。", "90 % (以上)"},
		{"占比升至２．７％。", "2.7 %"},
		{"缩短了四成。", "40 %"},
		{"近七成受访者赞成。", "70 % (近)"},
		{"六成五的家庭受益。", "65 %"},
		{"按市场价五折续租。", "50 %"},
		{"全场八五折。", "85 %"},
		{"商品8.5折起售。", "85 %"},
		{"百分之二十的订单来自海外。", "20 %"},
		{"百分之三十至四十的利润。", "30..40 %"},
		{"不良率为千分之三。", "3 ‰"},
		{"三分之二的村通了公交。", "0.6667 "},
		{"院士人数约占全国1/3。", "0.3333 "},
		{"占全省1/9。", "0.1111 "},
		{"高出全市1.3个百分点。", "1.3 个百分点"},
		{"下调25个基点。", "25 个基点"},
		{"申请量增长1.6倍。", "1.6 倍"},
		{"报名人数超过计划的三倍。", "3 倍"},
		{"收入增长一倍。", "1 倍"},
		{"五年内收入翻一番。", "2 倍"},
		{"产能翻了两番。", "4 倍"},
		{"客流翻番。", "2 倍"},
		{"销量翻倍。", "2 倍"},
		{"增长10%至15%。", "10..15 %"},
		{"增速保持在5%~6%。", "5..6 %"},
		{"从41%降到23%。", "41 %; 23 %"},
		{"由3%到5%。", "3 %; 5 %"},
		{"工期缩短一半，近一半村民参加，一半以上通过。", "50 %; 50 % (近); 50 % (以上)"},
		{"另一半时间，一半是海水。", ""},
		{"一成不变的做法。", ""},
		{"百折不挠。", ""},
		{"2024成立的公司。", ""},
	};
	(void)state;
	CHECK(rows);
}

static void measures_and_durations(void **state)
{
	static const struct row rows[] = {
		{"占地320亩。", "320 亩"},
		{"海拔900公尺。", "900 公尺"},
		{"管网全长39.5公里。", "39.5 公里"},
		{"建筑面积2.3万平方米。", "23000 平方米"},
		{"装机容量50万千瓦。", "500000 千瓦"},
		{"全长5千米。", "5 千米"},
		{"发电量3.6亿千瓦时。", "360000000 千瓦时"},
		{"粮食产量120万吨。", "1200000 吨"},
		{"内存8GB，屏幕6英寸。", "8 GB; 6 英寸"},
		{"机身厚9.8mm。", "9.8 mm"},
		{"耕地1.2万hm2。", "12000 hm2"},
		{"最低气温-3℃，零下12度。", "-3 ℃; -12 度"},
		{"回报率为-0.5%，次年达到-1%。", "-0.5 %; -1 %"},
		{"车程3个半小时，住了2个多月。", "3.5 小时; 2 个月 (多)"},
		{"发生5.6级地震。", "5.6 级"},
		{"时速350公里/小时。", "350 公里/小时"},
		{"过去送检要9天。", "9 天"},
		{"补贴最长36个月。", "36 个月"},
		{"公示5个工作日。", "5 个工作日"},
		{"签订3年以上合同。", "3 年 (以上)"},
		{"工期3—5年。", "3..5 年"},
		{"增能课程18小时。", "18 小时"},
		{"免费住十四天。", "14 天"},
		{"连续60个交易日。", "60 个交易日"},
		{"年龄35周岁以下。", "35 周岁 (以下)"},
		{"平均年龄29.5岁。", "29.5 岁"},
	};
	(void)state;
	CHECK(rows);
}

static void qualifiers(void **state)
{
	static const struct row rows[] = {
		{"逾2600个职位。", "2600 个 (逾)"},
		{"约500人到场。", "500 人 (约)"},
		{"至少10个项目。", "10 个 (至少)"},
		{"每年活动不少于30场。", "30 场 (不少于)"},
		{"不低于15%。", "15 % (不低于)"},
		{"400人左右的团队。", "400 人 (左右)"},
		{"突破1500亿件。", "150000000000 件 (突破)"},
		{"接近110亿元。", "110 亿元 (接近)"},
		{"附近3家门店。", "3 家"},
		{"5人多次获奖，3家上下游企业，用了3年多。", "5 人; 3 家; 3 年 (多)"},
		{"签约40个项目。", "40 个"},
		{"節約300噸。", "300 噸"},
	};
	(void)state;
	CHECK(rows);
}

static void no_figures(void **state)
{
	static const struct row rows[] = {
		{"第三届大会第2名选手获奖，位列第十二位。", ""},
		{"2025年3月28日上午9时30分，第12期培训。", ""},
		{"2023—2025年行动计划，“十四五”时期，2024年1—10月。", ""},
		{"上世纪80年代，98级学生，12月5日17:00前。", ""},
		{"联系电话：0500-6633021，热线12345。", ""},
		{"云政办〔2024〕12号，第三条，第1章。", ""},
		{"“1+3”改革和“六个一批”工程，“一体发展19条”。", ""},
		{"“两个确立”“四个意识”“两个维护”，两会期间，三农工作。", ""},
		{"乘10号线到88号院，走G60高速、A4版。", ""},
		{"985高校，211本科，B2B模式，5G网络，3D打印。", ""},
		{"一名老师、一所学校、一个孩子、一次机会。", ""},
		{"近三年，过去5年，未来10年，三年内，5个工作日内。", ""},
		{"两年来，20多年来，五年前，3天后。", ""},
		{"三年行动、五年规划、十年树木。", ""},
		{"五大工程，三类人员，四项制度，两个方面。", ""},
		{"比分3:1，主队4-0获胜，6:30开赛。", ""},
		{"王某，45岁，职工。", ""},
		{"六旬老人，三岁孩童，九〇后。", ""},
		{"前十名有奖，前3名上台。", ""},
		{"24小时热线，7×24小时值守。", ""},
		{"每10枚、每100名为一组。", ""},
		{"打造15分钟生活圈和2小时交通圈。", ""},
		{"见《万里长征一百首》和《30年30人》。", ""},
		{"两位数增长，三位一体，一带一路。", ""},
		{"附件：1.2025年度申报表 2.3号表。", ""},
		{"版本4.7.1更新，IP为10.0.0.1。", ""},
		{"二〇二五年六月十八日，星期三，初八，农历九月。", ""},
		{"建校100周年，结婚50周年。", ""},
		{"身份证号110101200001011234位数正确。", ""},
		{"①个 ②名 ③家", ""},
		{"07年、01版、007号。", ""},
		{"七台河市、上下两头、二头肌、5对5比赛、住6层C区。", ""},
		{"震中位于北纬24.1度，3分57秒时得分，2期工程。", ""},
		{"四川、九江、三亚、万州、百色、千岛湖。", ""},
		{"唯一、统一、第一、万一、十分、一律、六安。", ""},
	};
	(void)state;
	CHECK(rows);
}

static void traditional(void **state)
{
	static const struct row rows[] = {
		{"名額由300個增至900個。", "300 個; 900 個"},
		{"在讀研究生15萬余人。", "150000 人 (余)"},
		{"與1000餘家企業對接。", "1000 家 (餘)"},
		{"政府出資24.3億元。", "24.3 億元"},
		{"每月津貼13,000元。", "13000 元"},
		{"超過30.61億元。", "30.61 億元 (超過)"},
		{"共412間公司。", "412 間"},
		{"面積三百二十畝。", "320 畝"},
		{"其中六成用於校舍。", "60 %"},
		{"兩千名學童參與。", "2000 名"},
		{"發明專利577項、論文505篇。", "577 項; 505 篇"},
		{"總經費3億2千萬元。", "3.2 億元"},
		{"成本減半個百分點，升1.5個百分點。", "1.5 個百分點"},
		{"合約為期18個月。", "18 個月"},
		{"邀請90位專家，攜帶70項成果。", "90 位; 70 項"},
		{"第3屆，民國112年，114年新增，三年計畫。", ""},
		{"約2成5學生，6萬6千人。", "25 % (約); 66000 人"},
	};
	(void)state;
	CHECK(rows);
}

static void english(void **state)
{
	static const struct row rows[] = {
		{"The £18.5 million building holds 26 test bays.", "18.5 million GBP; 26 bays"},
		{"Firms with fewer than 250 staff pay less.", "250 staff (fewer than)"},
		{"It will fund 40 three-year fellowships with a grant of £6,000.", "40 fellowships; 6000 GBP"},
		{"Sales rose 15 per cent to US$3.2bn.", "15 %; 3.2 billion USD"},
		{"About 1.2 million people live there.", "1200000 people (About)"},
		{"Over 300 firms have signed up.", "300 firms (Over)"},
		{"They raised $40m and HK$5 million.", "40 million USD; 5 million HKD"},
		{"Output grew by 2.5% of the total.", "2.5 %"},
		{"The rate fell 0.3 percentage points.", "0.3 percentage points"},
		{"The plant makes 100,000 cars a year.", "100000 cars"},
		{"It cost 20 million yuan and 14.5bn euros.", "20 million yuan; 14.5 billion euros"},
		{"They need 10,000 cycles without a fire.", "10000 cycles"},
		{"Between 10 and 15 schools, or 3 to 5 miles.", "15 schools; 3..5 miles"},
		{"A loss of between 10-15% was expected.", "10..15 %"},
		{"Some 5.4m people watched.", "5400000 people (Some)"},
		{"About 1m websites; profit was $42m, up from 38m.", "1000000 websites (About); 42 million USD"},
		{"The ship is 120 km away with 40 GB of data.", "120 km; 40 GB"},
		{"Nearly 1/3 of pupils agreed.", "0.3333 "},
		{"Twelve schools and twenty-five per cent of pupils joined.", "12 schools; 25 %"},
		{"They paid two million pounds for 15,000 square metres.", "2 million pounds; 15000 square metres"},
		{"Two schools and ten clubs; one-third of pupils, someone.", ""},
		{"On 14 May 2025 the club opened.", ""},
		{"In 2004 sales ended; the 1998 elections came.", ""},
		{"He is 45, she is aged 35 years.", ""},
		{"A ten-year deal and a 12-year-old girl.", ""},
		{"BBC Radio 4 listeners heard Section 12 rules.", ""},
		{"The train leaves at 5pm or 10:30.", ""},
		{"They won 3-1 in the 2nd round.", ""},
		{"About 1 in 5 pupils agreed from 9am to 5pm on 12-14 June.", ""},
		{"She won the 800m title.", ""},
		{"Five years ago, 10 years later, in the last 20 years.", ""},
		{"Call 020-7946-0958 or see page 12.", ""},
		{"Version 4.7.1 and the top 250 companies.", ""},
	};
	(void)state;
	CHECK(rows);
}

static void what_of(const char *text, const char *want)
{
	json_t *list = read_text(text);
	const char *what = json_string_value(json_object_get(json_array_get(list, json_array_size(list) - 1), "what"));
	assert_string_equal(what ? what : "none", want);
	json_decref(list);
}

static void what_is_counted(void **state)
{
	(void)state;
	what_of("县里建成80家孵化器，效果好。", "孵化器");
	what_of("建成人才公寓6000套。", "人才公寓");
	what_of("新增公办学位4800个；", "公办学位");
	what_of("已有6万余名科研人员和教师。", "科研人员");
	what_of("给予20万元购房补贴。", "购房补贴");
	what_of("全社会研发投入强度升至2.7%，", "全社会研发投入强度");
	what_of("68%的企业反映缺人。", "企业反映缺人");
	what_of("进出口总额达300亿元，同比增长5.2%。", "进出口总额同比增长");
	what_of("近七成受访者赞成。", "受访者赞成");
	what_of("高新技术企业由41家增加到126家。", "高新技术企业");
	what_of("送检时间由9天缩短一半。", "送检时间缩短");
	what_of("位在海拔900公尺的小村。", "海拔");
	what_of("改造39公里管网。", "管网");
	what_of("财政出资1200万元建成共享实验室。", "财政出资");
	what_of("回收有效问卷791份。", "有效问卷");
	what_of("其中硕士以上学历3000名；", "硕士以上学历");
	what_of("已建共享实验室6个；", "共享实验室");
	what_of("千亩荷塘。", "荷塘");
	what_of("总经费3亿元，其中六成用于设备。", "总经费其中");
	what_of("14亿人口，市场大。", "人口");
	what_of("培训教師3200人次。", "培训教師");
	what_of("The hall holds 26 test bays.", "test bays");
	what_of("They won a relocation grant of £6,000.", "relocation grant");
	what_of("52% of the online votes", "online votes");
	what_of("The firm's debt is £5m.", "firm's debt");
}

static void text_is_as_printed(void **state)
{
	(void)state;
	json_t *list = read_text("訂單超過３０．６１億元以上。");
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "text")), "超過３０．６１億元以上");
	json_decref(list);
	list = read_text("甲园有3家企业，乙园有3家企业，甲园有3家企业。");
	assert_int_equal(json_array_size(list), 1);              /* told again: once */
	json_decref(list);
}

static void spans_are_in_order(void **state)
{
	(void)state;
	const char *text = "新增3家企业，超5万元，占比3%至5%，翻一番，百亿级产业，约1/3的人，£5 million，三分之一。";
	fact_text facts = {.count = 0};
	quantities found = {.items = NULL};
	fact_text_read(&facts, mr_bytes_of(text), (mr_bytes){NULL, 0}, (mr_bytes){NULL, 0});
	quantities_read(&found, &facts);
	assert_true(found.count >= 7);
	for (uint32_t i = 0, last = 0; i < found.count; i++) {
		assert_true(found.items[i].at.begin >= last && found.items[i].at.begin < found.items[i].at.end);
		last = found.items[i].at.end;
		assert_true(last <= facts.count);
	}
	quantities_free(&found);
	fact_text_free(&facts);
}

/* Millions of digits, numerals, separators and units: bounded, whatever they say. */
static void hostile_text_is_bounded(void **state)
{
	static const char *const parts[] = {"9", "五", "1,", "999,", "1:", "1.", "亿", "万", "一百万", "3家", "“3家", "《", "翻", "1-", "1/2的", "1至", "百分之", "三分之", "12 a b c ", "£1", "十", "余", "1万1", "3年近3年", "a-"};
	(void)state;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		buf text = {0};
		while (text.len < 1000000)
			buf_add_str(&text, parts[i]);
		fact_text facts = {.count = 0};
		quantities found = {.items = NULL};
		fact_text_read(&facts, buf_bytes(&text), (mr_bytes){NULL, 0}, (mr_bytes){NULL, 0});
		quantities_read(&found, &facts);
		assert_true(found.count <= QUANTITIES_MAX);
		buf list = {0};
		quantities_write(&found, &facts, &list);
		json_t *tree = list.len ? json_loadb(list.data, list.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
		assert_true(!list.len || json_array_size(tree) <= QUANTITIES_MAX);
		assert_true(!list.len || json_array_size(tree) > 0);
		json_decref(tree);
		buf_free(&list);
		quantities_free(&found);
		fact_text_free(&facts);
		buf_free(&text);
	}
}

static void rows_of_units_are_sorted(void **state)
{
	(void)state;
	int breaks = 0;                          /* two tables: one place where the order may break */
	for (size_t i = 1; unit_row(i); i++) {
		breaks += strcmp(unit_row(i - 1), unit_row(i)) >= 0;
		buf folded = {0};
		fold_text(mr_bytes_of(unit_row(i)), FOLD_WIDTH | FOLD_SCRIPT, &folded, NULL);
		assert_string_equal(folded.data, unit_row(i));       /* another form would never be found */
		buf_free(&folded);
		size_t characters = 0;
		for (const char *c = unit_row(i); *c; c++)
			characters += (*c & 0xC0) != 0x80;
		assert_true(characters <= 8);
	}
	assert_true(breaks <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(bare_multipliers),
		cmocka_unit_test(money),
		cmocka_unit_test(shares_and_multiples),
		cmocka_unit_test(measures_and_durations),
		cmocka_unit_test(qualifiers),
		cmocka_unit_test(no_figures),
		cmocka_unit_test(traditional),
		cmocka_unit_test(english),
		cmocka_unit_test(what_is_counted),
		cmocka_unit_test(text_is_as_printed),
		cmocka_unit_test(spans_are_in_order),
		cmocka_unit_test(hostile_text_is_bounded),
		cmocka_unit_test(rows_of_units_are_sorted),
	};
	return cmocka_run_group_tests_name("quantities", tests, NULL, NULL);
}
